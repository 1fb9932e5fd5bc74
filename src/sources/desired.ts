import { isObject, textsOf } from '../core/json.ts';
import {
  apiVersionOf,
  CONFIGMAPS,
  NAMESPACES,
  resourceOf,
  type Resource,
} from '../kube/resource.ts';
import { mergePatchOf } from '../kube/merge-patch.ts';
import type { KubeObject } from '../kube/resource.ts';
import { SOURCE_ANNOTATION, SOURCE_KEYS, SOURCE_LABEL } from './metadata.ts';
import { MANIFEST_KINDS } from './manifest-kind.ts';
import type { SourceObject } from './reading.ts';

type Texts = Readonly<Record<string, string>>;

/** Where the API serves what a manifest declares. */
export function resourceFor(kind: string): Resource {
  if (kind === NAMESPACES.kind) return NAMESPACES;
  if (kind === CONFIGMAPS.kind) return CONFIGMAPS;
  return resourceOf(kind);
}

function metadataOf(object: unknown): Readonly<Record<string, unknown>> {
  const metadata = isObject(object) ? object['metadata'] : undefined;
  return isObject(metadata) ? metadata : {};
}

/** The source that an object of the API is kept by. */
export function sourceOf(object: KubeObject): string | undefined {
  return object.metadata.labels?.[SOURCE_LABEL];
}

function split(list: string | undefined): readonly string[] {
  return list === undefined || list === '' ? [] : list.split(',');
}

/** What we wrote into the metadata last time; only that may be taken away again. */
function ownedKeys(live: KubeObject): {
  labels: readonly string[];
  annotations: readonly string[];
} {
  const [labels, annotations] = live.metadata.annotations?.[SOURCE_KEYS]?.split(';') ?? [];
  return { labels: split(labels), annotations: split(annotations) };
}

function fileOf(position: string | undefined): string | undefined {
  return position?.replace(/:\d+$/, '');
}

function without(texts: Texts, keys: readonly string[]): Texts {
  const gone = new Set(keys);
  return Object.fromEntries(Object.entries(texts).filter(([key]) => !gone.has(key)));
}

/** The fields that a manifest of a kind declares, of the manifest or of the live object. */
function pick(object: unknown, fields: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(isObject(object) ? object : {});
  return Object.fromEntries(entries.filter(([key]) => fields.includes(key)));
}

function fieldsOf(kind: string): readonly string[] {
  return MANIFEST_KINDS.find((known) => known.kind === kind)?.fields ?? [];
}

/** What one source wants of one object. Made when it is needed: it is the object's whole tree. */
export class Desired {
  readonly resource: Resource;
  readonly object: SourceObject;
  private readonly content: Readonly<Record<string, unknown>>;
  private readonly labels: Texts;
  private readonly annotations: Texts;

  constructor(object: SourceObject, source: string) {
    this.object = object;
    this.resource = resourceFor(object.kind);
    const parsed: unknown = JSON.parse(object.json);
    this.content = pick(parsed, fieldsOf(object.kind));
    const metadata = metadataOf(parsed);
    const labels = textsOf(metadata['labels']);
    const annotations = textsOf(metadata['annotations']);
    const keys = `${Object.keys(labels).sort().join(',')};${Object.keys(annotations).sort().join(',')}`;
    const { file, line } = object.place;
    this.labels = { ...labels, [SOURCE_LABEL]: source };
    this.annotations = {
      ...annotations,
      [SOURCE_ANNOTATION]: `${file}:${line}`,
      ...(keys === ';' ? {} : { [SOURCE_KEYS]: keys }),
    };
  }

  /** The object to create. */
  fresh(): KubeObject {
    const { namespace, name } = this.object;
    return {
      apiVersion: apiVersionOf(this.resource),
      kind: this.resource.kind,
      metadata: {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        labels: this.labels,
        annotations: this.annotations,
      },
      ...this.content,
    };
  }

  /**
   * What must change in the live object; undefined if nothing. Fields, labels and annotations of others
   * are left alone, and an object that only moved within its file is not worth a write.
   */
  patch(live: KubeObject): Record<string, unknown> | undefined {
    const owned = ownedKeys(live);
    const labels = textsOf(live.metadata.labels);
    const annotations = textsOf(live.metadata.annotations);
    const stale = [...owned.annotations, SOURCE_KEYS];
    const after = {
      labels: { ...without(labels, owned.labels), ...this.labels },
      annotations: { ...without(annotations, stale), ...this.annotations },
    };
    const content = mergePatchOf(pick(live, fieldsOf(this.object.kind)), this.content);
    const metadata = mergePatchOf({ labels, annotations }, after);
    const patch = {
      ...content,
      ...(metadata === undefined ? {} : { metadata }),
    };
    return this.isOnlyMoved(live, patch) || Object.keys(patch).length === 0 ? undefined : patch;
  }

  private isOnlyMoved(live: KubeObject, patch: Readonly<Record<string, unknown>>): boolean {
    const metadata = patch['metadata'];
    if (Object.keys(patch).length !== 1 || !isObject(metadata)) return false;
    const annotations = metadata['annotations'];
    if (metadata['labels'] !== undefined || !isObject(annotations)) return false;
    return (
      Object.keys(annotations).join() === SOURCE_ANNOTATION &&
      fileOf(live.metadata.annotations?.[SOURCE_ANNOTATION]) ===
        fileOf(this.annotations[SOURCE_ANNOTATION])
    );
  }
}
