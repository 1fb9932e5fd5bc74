import { canonicalJson, isList, isObject } from '../../core/json.ts';

/**
 * One step of a path, in the form in which Kubernetes writes it into `managedFields`: `f:` and the name
 * of a field, `k:` and the keys of an item of a list, `v:` and an item of a set, `i:` and an index. Keys
 * and values stand there as canonical JSON, so that equal steps are equal texts.
 */
export type Element = string;

/** The steps from an object to one of its fields. */
export type Path = readonly Element[];

/** The step to a field. */
export function fieldElement(name: string): Element {
  return `f:${name}`;
}

/** The name of a field, if the step leads to one. */
export function fieldNameOf(element: Element): string | undefined {
  return element.startsWith('f:') ? element.slice(2) : undefined;
}

/** The step to an item of a list that is known by some of its fields. */
export function keyElement(fields: Readonly<Record<string, unknown>>): Element {
  return `k:${canonicalJson(fields)}`;
}

/** The step to an item of a set. */
export function valueElement(value: unknown): Element {
  return `v:${canonicalJson(value)}`;
}

const KINDS = 'fkvi';

function contentOf(element: Element): unknown {
  return JSON.parse(element.slice(2));
}

/** The step that a key of `fieldsV1` stands for; undefined for kinds of a later Kubernetes. */
export function parseElement(text: string): Element | undefined {
  if (text[1] !== ':') throw new Error(`no step of a path: ${JSON.stringify(text)}`);
  switch (text[0]) {
    case 'f':
      return text;
    case 'i':
      if (!/^i:-?\d+$/.test(text)) throw new Error(`no index: ${JSON.stringify(text)}`);
      return text;
    case 'v':
      return valueElement(contentOf(text));
    case 'k': {
      const fields = contentOf(text);
      if (!isObject(fields)) throw new Error(`no keys: ${JSON.stringify(text)}`);
      return keyElement(fields);
    }
    default:
      return undefined;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON text as Go writes it, with what could end a script in HTML escaped. */
export function goJson(text: string): string {
  return text.replaceAll(/[<>&\u2028\u2029]/g, (character) => ESCAPES[character] ?? character);
}

/** The step as a key of `fieldsV1`. */
export function wireText(element: Element): string {
  return element.startsWith('k:') || element.startsWith('v:') ? goJson(element) : element;
}

function rankOf(value: unknown): number {
  if (typeof value === 'number') return 0;
  if (typeof value === 'string') return 1;
  if (typeof value === 'boolean') return 2;
  if (isList(value)) return 3;
  return isObject(value) ? 4 : 5;
}

/** Less than, equal to or greater than 0, as the left one comes before, with or after the right. */
export function order<Item extends string | number>(left: Item, right: Item): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function compareScalars(left: unknown, right: unknown): number {
  if (typeof left === 'string' && typeof right === 'string') return order(left, right);
  if (typeof left === 'number' && typeof right === 'number') return order(left, right);
  return order(rankOf(left), rankOf(right)) || order(canonicalJson(left), canonicalJson(right));
}

function compareKeys(left: unknown, right: unknown): number {
  const leftFields = Object.entries(isObject(left) ? left : {});
  const rightFields = Object.entries(isObject(right) ? right : {});
  for (const [index, [name, value]] of leftFields.entries()) {
    const other = rightFields[index];
    if (other === undefined) return 1;
    const difference = order(name, other[0]) || compareScalars(value, other[1]);
    if (difference !== 0) return difference;
  }
  return leftFields.length - rightFields.length;
}

/** The order in which Kubernetes writes steps: fields, keys, values, indexes. */
export function compareElements(left: Element, right: Element): number {
  if (left === right) return 0;
  const kind = left.charAt(0);
  const other = right.charAt(0);
  if (kind !== other) return KINDS.indexOf(kind) - KINDS.indexOf(other);
  if (kind === 'f') return order(left, right);
  const [first, second] = [contentOf(left), contentOf(right)];
  return kind === 'k' ? compareKeys(first, second) : compareScalars(first, second);
}

function elementText(element: Element): string {
  const text = element.slice(2);
  if (element.startsWith('f:')) return `.${text}`;
  if (element.startsWith('i:')) return `[${text}]`;
  if (element.startsWith('v:')) return `[=${text}]`;
  const fields = contentOf(element);
  const pairs = Object.entries(isObject(fields) ? fields : {});
  return `[${pairs.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
}

/** A path as people read it: `.spec.versions[name="1"].osVersion`. */
export function pathText(path: Path): string {
  return path.map(elementText).join('');
}
