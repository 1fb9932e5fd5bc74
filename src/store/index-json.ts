import { isDigest, type Digest } from '../core/digest.ts';
import { isList, isObject } from '../core/json.ts';
import { turnOver } from '../host/turn.ts';
import { readAnnotations } from './descriptor.ts';
import { indexLost } from './failures.ts';
import type { Layout } from './layout.ts';
import { ANNOTATION } from './names.ts';

/** So many entries are read in one turn of the event loop. */
const PORTION = 1000;

/** One named manifest of `index.json`. */
export interface IndexEntry {
  readonly digest: Digest;
  readonly size: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The content of `index.json`. What we do not know in it is kept as it is. */
export interface IndexDocument {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly manifests: readonly unknown[];
  /** By reference name, `<repository>:<tag>`. */
  readonly named: ReadonlyMap<string, IndexEntry>;
  /** Tags by repository, sorted: every pass over a layer asks for those of one among all. */
  readonly tags: ReadonlyMap<string, readonly string[]>;
}

function readEntry(value: unknown): readonly [string, IndexEntry] | undefined {
  if (!isObject(value)) return undefined;
  const { digest, size } = value;
  const annotations = readAnnotations(value['annotations']);
  const name = annotations[ANNOTATION.refName];
  if (name === undefined || !isDigest(digest)) return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  return [name, { digest, size, annotations }];
}

function parse(text: string, layout: Layout): Pick<IndexDocument, 'fields' | 'manifests'> {
  try {
    const fields: unknown = JSON.parse(text);
    const manifests = isObject(fields) ? fields['manifests'] : undefined;
    if (isObject(fields) && isList(manifests)) return { fields, manifests };
  } catch {
    // Told below, with the name of the file.
  }
  throw indexLost(layout, 'is not an OCI image index');
}

function tagsOf(names: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const tags = new Map<string, string[]>();
  for (const name of names) {
    // Names of other tools may have no tag; they belong to no repository.
    const colon = name.indexOf(':');
    if (colon < 0) continue;
    const repository = name.slice(0, colon);
    const found = tags.get(repository);
    if (found === undefined) tags.set(repository, [name.slice(colon + 1)]);
    else found.push(name.slice(colon + 1));
  }
  for (const found of tags.values()) found.sort();
  return tags;
}

/** Reads `index.json`, in portions: a large store must not hold up everybody else. */
export async function parseIndexJson(text: string, layout: Layout): Promise<IndexDocument> {
  const { fields, manifests } = parse(text, layout);
  const named = new Map<string, IndexEntry>();
  for (const [at, manifest] of manifests.entries()) {
    if (at % PORTION === 0) await turnOver();
    const entry = readEntry(manifest);
    if (entry !== undefined) named.set(...entry);
  }
  await turnOver();
  return { fields, manifests, named, tags: tagsOf(named.keys()) };
}

/** The text of `index.json` with one more manifest. */
export function withManifest(document: IndexDocument, descriptor: unknown): string {
  return JSON.stringify({ ...document.fields, manifests: [...document.manifests, descriptor] });
}
