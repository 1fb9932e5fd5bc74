import { isObject } from '../../core/json.ts';
import {
  duplicate,
  invalid,
  required,
  tooMany,
  wrongType,
  type FieldError,
} from './field-error.ts';
import { scalarErrors } from './scalar.ts';
import type { SchemaNode } from './schema-node.ts';

/** What a walk found; lists are cut so that a hostile object cannot make a huge answer. */
export interface Findings {
  readonly unknown: string[];
  readonly errors: FieldError[];
  /** Nulls are not dropped but wrong, as in what server-side apply has merged. */
  readonly keepsNulls?: boolean;
}

const MAX_FINDINGS = 100;

function addTo<Item>(list: Item[], items: readonly Item[]): void {
  list.push(...items.slice(0, Math.max(0, MAX_FINDINGS - list.length)));
}

/** The path of a field below another. */
function childPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function schemaOf(schema: SchemaNode, key: string): SchemaNode | undefined {
  const { properties = {} } = schema;
  return Object.hasOwn(properties, key) ? properties[key] : schema.additionalProperties;
}

/** Kubernetes drops a null, since no field of ours may be null, unless a default takes its place. */
function isDropped(item: unknown, { default: standing }: SchemaNode, found: Findings): boolean {
  if (item === undefined) return true;
  return item === null && standing === undefined && found.keepsNulls !== true;
}

type Entry = readonly [string, unknown];

function knownEntries(
  value: Record<string, unknown>,
  schema: SchemaNode,
  path: string,
  found: Findings,
): readonly Entry[] {
  const entries: Entry[] = [];
  for (const key of Object.keys(value)) {
    const child = schemaOf(schema, key);
    const item = value[key];
    if (child === undefined) addTo(found.unknown, [childPath(path, key)]);
    else if (!isDropped(item, child, found)) {
      entries.push([key, walk(item ?? child.default ?? null, child, childPath(path, key), found)]);
    }
  }
  return entries;
}

function defaultEntries(
  present: ReadonlySet<string>,
  schema: SchemaNode,
  path: string,
  found: Findings,
): readonly Entry[] {
  return Object.entries(schema.properties ?? {})
    .filter(([key, child]) => child.default !== undefined && !present.has(key))
    .map(([key, child]) => [key, walk(child.default, child, childPath(path, key), found)]);
}

function walkObject(value: unknown, schema: SchemaNode, path: string, found: Findings): unknown {
  if (!isObject(value)) {
    addTo(found.errors, [wrongType(path, value, 'object')]);
    return value;
  }
  return walkFields(value, schema, path, found);
}

/** As `walk`, for what is known to be an object. */
export function walkFields(
  value: Readonly<Record<string, unknown>>,
  schema: SchemaNode,
  path: string,
  found: Findings,
): Record<string, unknown> {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return { ...value };
  const { maxProperties = Infinity } = schema;
  const count = Object.keys(value).length;
  if (count > maxProperties) {
    addTo(found.errors, [tooMany(path, count, maxProperties)]);
    return { ...value };
  }
  const entries = knownEntries(value, schema, path, found);
  const present = new Set(entries.map(([key]) => key));
  const defaults = defaultEntries(present, schema, path, found);
  for (const [key] of defaults) present.add(key);
  const missing = (schema.required ?? []).filter((key) => !present.has(key));
  addTo(
    found.errors,
    missing.map((key) => required(childPath(path, key))),
  );
  // Unlike an assignment, fromEntries makes `__proto__` a field like any other.
  return Object.fromEntries([...entries, ...defaults]);
}

function duplicates(
  items: readonly unknown[],
  keys: readonly string[],
  path: string,
): readonly FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, item] of items.entries()) {
    if (item === null) continue;
    if (!isObject(item)) {
      const why = 'must be an object for an array of list-type map';
      errors.push(invalid(`${path}[${index}]`, item, why));
      continue;
    }
    const key = Object.fromEntries(keys.map((name) => [name, item[name]]));
    const text = JSON.stringify(key);
    if (seen.has(text)) errors.push(duplicate(`${path}[${index}]`, key));
    seen.add(text);
  }
  return errors;
}

function walkList(value: unknown, schema: SchemaNode, path: string, found: Findings): unknown {
  if (!Array.isArray(value)) {
    addTo(found.errors, [wrongType(path, value, 'array')]);
    return value;
  }
  const { items: itemSchema, minItems = 0, maxItems = Infinity } = schema;
  const isLong = value.length > maxItems;
  if (isLong) addTo(found.errors, [tooMany(path, value.length, maxItems)]);
  if (value.length < minItems) {
    const detail = `${path} in body should have at least ${minItems} items`;
    addTo(found.errors, [invalid(path, value.length, detail)]);
  }
  if (itemSchema === undefined) return value;
  // What is beyond the bound is refused unread.
  const judged = isLong ? value.slice(0, maxItems) : value;
  const items = judged.map((item, index) => walk(item, itemSchema, `${path}[${index}]`, found));
  const keys = schema['x-kubernetes-list-map-keys'];
  if (keys !== undefined) addTo(found.errors, duplicates(items, keys, path));
  return isLong ? value : items;
}

/**
 * One pass that prunes, defaults and validates as Kubernetes does, in one go because each depends on
 * the others. Returns a copy; depth is bounded by the schema, since what it does not know is not entered.
 */
export function walk(value: unknown, schema: SchemaNode, path: string, found: Findings): unknown {
  if (schema.type === 'object') return walkObject(value, schema, path, found);
  if (schema.type === 'array') return walkList(value, schema, path, found);
  addTo(found.errors, scalarErrors(value, schema, path));
  return value;
}
