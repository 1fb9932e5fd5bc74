import { isObject, jsonEqual } from '../../core/json.ts';
import { badRequest } from '../model/errors.ts';

/** Merge keys by path; an empty key marks a list of plain values that is merged as a set. */
export type MergeKeys = Readonly<Record<string, string>>;

type Fields = Record<string, unknown>;

const DELETE_FROM = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

/** Items are looked up one by one, so their number is bounded. */
const MAX_ITEMS = 1000;

const ALWAYS: MergeKeys = {
  'metadata.finalizers': '',
  'metadata.ownerReferences': 'uid',
};

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function directive(value: unknown): unknown {
  return isObject(value) ? value['$patch'] : undefined;
}

function withoutDirective(value: Fields): Fields {
  const { $patch: _directive, ...rest } = value;
  return rest;
}

function sorted(items: readonly unknown[], order: readonly unknown[], key: string) {
  const identity = (item: unknown) => (isObject(item) ? item[key] : item);
  const places = new Map(order.map((item, index) => [identity(item), index]));
  const place = (item: unknown) => places.get(identity(item)) ?? places.size;
  return items.toSorted((left, right) => place(left) - place(right));
}

/** One strategic merge with its table of keys. */
class Merge {
  private readonly keys: MergeKeys;

  constructor(keys: MergeKeys) {
    this.keys = { ...ALWAYS, ...keys };
  }

  object(target: unknown, patch: Fields, path: string): unknown {
    const base = isObject(target) ? target : {};
    // Upstream takes a directive that it does not know for none.
    if (directive(patch) === 'delete') return {};
    if (directive(patch) === 'replace') return withoutDirective(patch);
    const keep = patch['$retainKeys'];
    const retained = Array.isArray(keep) ? new Set<unknown>(keep) : undefined;
    const result = new Map(
      Object.entries(base).filter(([key]) => retained === undefined || retained.has(key)),
    );
    for (const [key, value] of Object.entries(patch)) {
      if (key.startsWith('$')) continue;
      const below = path === '' ? key : `${path}.${key}`;
      if (value === null) result.delete(key);
      else result.set(key, this.value(result.get(key), value, below));
    }
    this.lists(result, patch, path);
    return Object.fromEntries<unknown>(result);
  }

  /** The directives that stand beside a list instead of in it. */
  private lists(result: Map<string, unknown>, patch: Fields, path: string): void {
    for (const [key, value] of Object.entries(patch)) {
      const field = key.slice(key.indexOf('/') + 1);
      const current = result.get(field);
      if (!Array.isArray(current)) continue;
      if (key.startsWith(DELETE_FROM)) {
        const gone = new Set(listOf(value));
        const left = current.filter((item) => !gone.has(item));
        result.set(field, left);
      } else if (key.startsWith(ORDER)) {
        const mergeKey = this.keys[path === '' ? field : `${path}.${field}`] ?? '';
        result.set(field, sorted(current, listOf(value), mergeKey));
      }
    }
  }

  private value(target: unknown, patch: unknown, path: string): unknown {
    if (isObject(patch)) return this.object(target, patch, path);
    const mergeKey = this.keys[path];
    if (!Array.isArray(patch) || mergeKey === undefined) return patch;
    return mergeKey === ''
      ? [...new Set([...patch, ...listOf(target)])]
      : this.list(listOf(target), patch, { key: mergeKey, path });
  }

  private list(
    target: readonly unknown[],
    patch: readonly unknown[],
    { key, path }: { readonly key: string; readonly path: string },
  ): readonly unknown[] {
    if (patch.some((item) => directive(item) === 'replace' && isObject(item) && !(key in item))) {
      return patch.filter((item) => directive(item) !== 'replace');
    }
    if (patch.length > MAX_ITEMS) throw badRequest(`${path} has more than ${MAX_ITEMS} items`);
    let items = [...target];
    for (const item of patch) {
      if (!isObject(item)) throw badRequest(`an item of ${path} in the patch is no object`);
      const same = items.findIndex(
        (each) => isObject(each) && key in item && jsonEqual(each[key], item[key]),
      );
      if (directive(item) === 'delete') items = items.filter((_, index) => index !== same);
      else if (same < 0) items.push(this.object({}, item, path));
      else items[same] = this.object(items[same], item, path);
    }
    return items;
  }
}

/** Applies a strategic merge patch to a built-in object. */
export function strategicPatch(target: unknown, patch: unknown, keys: MergeKeys): unknown {
  if (!isObject(patch)) throw badRequest('a strategic merge patch must be an object');
  return new Merge(keys).object(target, patch, '');
}
