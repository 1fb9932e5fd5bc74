import { isList, isObject, textOf } from '../../core/json.ts';

type Step = (value: unknown) => unknown;

const FIELD = /^\.([A-Za-z0-9_-]+)/;
const INDEX = /^\[(\d+)\]/;
const SELECT = /^\[\?\(@\.([A-Za-z0-9_-]+)\s*==\s*["']([^"']*)["']\)\]/;

function field(name: string): Step {
  return (value) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined);
}

function index(position: number): Step {
  return (value) => (isList(value) ? value[position] : undefined);
}

function select(key: string, wanted: string): Step {
  return (value) =>
    Array.isArray(value)
      ? value.find((item: unknown) => isObject(item) && item[key] === wanted)
      : undefined;
}

/** Reads one value out of an object; undefined when it is not there. */
export type Path = (object: unknown) => unknown;

/**
 * Compiles the JSONPath form that printer columns use: `.a.b`, `[0]` and `[?(@.type=="Ready")]`, of
 * which the first match counts. Anything else is a mistake in our own kinds and throws.
 */
export function compilePath(text: string): Path {
  const steps: Step[] = [];
  let rest = text;
  while (rest !== '') {
    const name = FIELD.exec(rest);
    const position = INDEX.exec(rest);
    const choice = SELECT.exec(rest);
    if (name?.[1] !== undefined) steps.push(field(name[1]));
    else if (position?.[1] !== undefined) steps.push(index(Number(position[1])));
    else if (choice?.[1] !== undefined && choice[2] !== undefined)
      steps.push(select(choice[1], choice[2]));
    else throw new TypeError(`the path "${text}" is not understood at "${rest}"`);
    rest = rest.slice((name ?? position ?? choice)?.[0].length);
  }
  return (object) => steps.reduce((value, step) => step(value), object);
}

/** Reads what stands at the first of some paths at which there is something. */
export function firstAt(...paths: readonly string[]): Path {
  const reads = paths.map(compilePath);
  return (object) =>
    reads.map((read) => read(object)).find((value) => value !== undefined && value !== '');
}

/** Reads the first text that is there; an empty one if there is none. */
export function textAt(...paths: readonly string[]): (object: unknown) => string {
  const read = firstAt(...paths);
  return (object) => textOf(read(object));
}
