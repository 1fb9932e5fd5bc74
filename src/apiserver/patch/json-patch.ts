import { isList, isObject, jsonEqual } from '../../core/json.ts';
import { badRequest, tooLarge, unprocessable } from '../model/errors.ts';

const MAX_OPERATIONS = 10_000;
const MAX_COPIED_CHARACTERS = 3 * 1024 * 1024;

interface Operation {
  readonly op: string;
  readonly path: readonly string[];
  readonly from?: readonly string[];
  readonly value: unknown;
}

/** The tokens of a JSON pointer (RFC 6901). */
function tokens(pointer: unknown): readonly string[] {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.includes('/'))) {
    throw unprocessable(`no JSON pointer: ${JSON.stringify(pointer)}`);
  }
  const parts = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (parts.includes('__proto__')) throw badRequest('the key "__proto__" is refused');
  return parts;
}

function parse(item: unknown): Operation {
  if (!isObject(item) || typeof item['op'] !== 'string') {
    throw badRequest('each operation of a JSON patch must be an object with "op" and "path"');
  }
  const { op, path, from } = item;
  const isTwoEnded = op === 'move' || op === 'copy';
  return {
    op,
    path: tokens(path),
    ...(isTwoEnded ? { from: tokens(from) } : {}),
    // Upstream takes a value that is not there for null.
    value: item['value'] ?? null,
  };
}

function missing(path: readonly string[]): never {
  throw unprocessable(`the path /${path.join('/')} does not exist`);
}

/** An index as upstream reads it: from the end if it is negative, and with leading zeros. */
function indexOf(token: string, length: number, path: readonly string[]): number {
  if (!/^[+-]?\d{1,9}$/.test(token)) return missing(path);
  const index = Number(token) < 0 ? Number(token) + length : Number(token);
  return index < 0 || index >= length ? missing(path) : index;
}

/** The value at a path of a document; undefined for a key that is not there. */
function read(root: unknown, path: readonly string[]): unknown {
  return path.reduce((at, token) => {
    if (isList(at)) return at[indexOf(token, at.length, path)];
    if (!isObject(at)) return missing(path);
    return Object.hasOwn(at, token) ? at[token] : undefined;
  }, root);
}

/** The document under work: a private copy, changed in place, thrown away if an operation fails. */
class Draft {
  private root: unknown;
  private copied = 0;

  constructor(document: unknown) {
    this.root = structuredClone(document);
  }

  get result(): unknown {
    return this.root;
  }

  /** Puts a value at a path: into a list, or in place of what stands there. */
  private put(path: readonly string[], value: unknown, isNew: boolean): void {
    const last = path.at(-1);
    if (last === undefined) {
      this.root = value;
      return;
    }
    const parent = read(this.root, path.slice(0, -1));
    if (isObject(parent)) parent[last] = value;
    else if (!Array.isArray(parent)) missing(path);
    else if (!isNew) parent[indexOf(last, parent.length, path)] = value;
    else
      parent.splice(
        last === '-' ? parent.length : indexOf(last, parent.length + 1, path),
        0,
        value,
      );
  }

  private remove(path: readonly string[]): void {
    const last = path.at(-1);
    if (last === undefined) throw unprocessable('the whole document cannot be removed');
    const parent = read(this.root, path.slice(0, -1));
    if (Array.isArray(parent)) parent.splice(indexOf(last, parent.length, path), 1);
    else if (isObject(parent) && Object.hasOwn(parent, last)) delete parent[last];
    else missing(path);
  }

  private copyOf(path: readonly string[]): unknown {
    const value = read(this.root, path) ?? null;
    // Copies of copies grow without bound although the patch is small.
    this.copied += JSON.stringify(value).length;
    if (this.copied > MAX_COPIED_CHARACTERS) {
      throw unprocessable('the patch copies more than 3 MiB');
    }
    return structuredClone(value);
  }

  private move(from: readonly string[], path: readonly string[]): void {
    const value = read(this.root, from) ?? missing(from);
    const isInside = path.length > from.length && from.every((token, i) => token === path[i]);
    if (isInside) throw unprocessable('a value cannot be moved into itself');
    if (jsonEqual(from, path)) return;
    this.remove(from);
    this.put(path, value, true);
  }

  apply({ op, path, from = [], value }: Operation): void {
    switch (op) {
      case 'add':
        return this.put(path, structuredClone(value), true);
      case 'remove':
        return this.remove(path);
      case 'replace':
        return this.put(path, structuredClone(value), false);
      case 'copy':
        return this.put(path, this.copyOf(from), true);
      case 'move':
        return this.move(from, path);
      case 'test':
        if (jsonEqual(read(this.root, path) ?? null, value)) return;
        throw unprocessable(`testing value /${path.join('/')} failed`);
      default:
        throw unprocessable(`unknown operation ${JSON.stringify(op)} in the JSON patch`);
    }
  }
}

/** Applies a JSON patch (RFC 6902): all of it or, throwing, nothing. */
export function jsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
  if (patch.length > MAX_OPERATIONS) {
    const text = `Request entity too large: The allowed maximum operations in a JSON patch is ${MAX_OPERATIONS}, got ${patch.length}`;
    throw tooLarge(text);
  }
  const draft = new Draft(document);
  for (const operation of patch.map(parse)) draft.apply(operation);
  return draft.result;
}
