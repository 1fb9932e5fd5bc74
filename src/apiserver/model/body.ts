import { isObject } from '../../core/json.ts';
import { badRequest } from './errors.ts';

const MAX_DEPTH = 64;
const MAX_VALUES = 300_000;

/** A body, and the paths of fields that stand in it twice, which parsing alone would hide. */
export interface Body {
  readonly value: unknown;
  readonly duplicates: readonly string[];
}

interface Frame {
  readonly path: string;
  /** Undefined in a list. */
  readonly keys?: Set<string>;
  index: number;
  key: string;
}

function endOfString(text: string, start: number): number {
  let end = start + 1;
  while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
  return end;
}

function isColonNext(text: string, start: number): boolean {
  let at = start;
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at += 1;
  return text[at] === ':';
}

function childPath(frame: Frame | undefined): string {
  if (frame === undefined) return '';
  if (frame.keys === undefined) return `${frame.path}[${frame.index}]`;
  return frame.path === '' ? frame.key : `${frame.path}.${frame.key}`;
}

/** Looks for repeated keys in text that is known to be JSON. */
function repeatedKeys(text: string): readonly string[] {
  const frames: Frame[] = [];
  const found: string[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const frame = frames.at(-1);
    switch (text[at]) {
      case '{':
        frames.push({ path: childPath(frame), keys: new Set(), index: 0, key: '' });
        break;
      case '[':
        frames.push({ path: childPath(frame), index: 0, key: '' });
        break;
      case '}':
      case ']':
        frames.pop();
        break;
      case ',':
        if (frame !== undefined) frame.index += 1;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (frame?.keys !== undefined && isColonNext(text, end + 1)) {
          frame.key = String(JSON.parse(text.slice(at, end + 1)));
          if (frame.keys.has(frame.key)) found.push(childPath(frame));
          frame.keys.add(frame.key);
        }
        at = end;
        break;
      }
      default:
    }
  }
  return found.slice(0, 100);
}

/** Parses the text of a JSON body. Depth, size and numbers are the business of `assertPlain`. */
export function parseBody(text: string): Body {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('the body of the request is not JSON');
  }
  assertPlain(value);
  return { value, duplicates: repeatedKeys(text) };
}

/**
 * Refuses what would cost too much or be damaged in silence: deep nesting, very many values, numbers
 * that JavaScript cannot hold, and keys that reach for prototypes.
 */
export function assertPlain(value: unknown): void {
  let count = 0;
  const visit = (item: unknown, depth: number): void => {
    count += 1;
    if (depth > MAX_DEPTH) throw badRequest(`the body is nested deeper than ${MAX_DEPTH} levels`);
    if (count > MAX_VALUES) throw badRequest(`the body holds more than ${MAX_VALUES} values`);
    if (typeof item === 'number') assertNumber(item);
    else if (Array.isArray(item)) for (const child of item) visit(child, depth + 1);
    else if (isObject(item)) {
      if (Object.hasOwn(item, '__proto__')) throw badRequest('the key "__proto__" is refused');
      for (const child of Object.values(item)) visit(child, depth + 1);
    }
  };
  visit(value, 0);
}

function assertNumber(value: number): void {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
    throw badRequest(`the number ${value} is beyond 2^53 and would be damaged`);
  }
}
