import { walkFields, type Findings } from '../../api/validation/walk.ts';
import type { OwnerReference } from '../../api/object.ts';
import { isObject, jsonEqual } from '../../core/json.ts';
import { assertPlain } from '../model/body.ts';
import { badBody, badRequest } from '../model/errors.ts';
import { readMetadata, type SentMeta } from './metadata.ts';
import type { ServedResource } from '../model/resource.ts';
import type { Collection, FieldValidation, WriteOptions } from '../model/service.ts';

/** A body that was read: its metadata, and the rest as it came. */
export interface Draft {
  /** The kind as it was sent. */
  readonly kind: unknown;
  readonly meta: SentMeta;
  /** Everything outside of apiVersion, kind and metadata. */
  readonly rest: Readonly<Record<string, unknown>>;
  /** Fields that the schema does not have, wherever they stand: Strict looks before anything is left out. */
  readonly unknown: readonly string[];
  /** Owners that were named twice, by uid. */
  readonly doubled: readonly string[];
  /** Made by an apply, in which nulls stay. */
  readonly keepsNulls?: boolean;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Refuses the body of another resource. */
export function assertType(
  resource: ServedResource,
  body: Readonly<Record<string, unknown>>,
): void {
  const { apiVersion, kind } = body;
  if (kind === undefined || kind === '') throw badBody("Object 'Kind' is missing in the body");
  if (apiVersion === undefined || apiVersion === '') {
    throw badBody("Object 'apiVersion' is missing in the body");
  }
  if (apiVersion !== resource.apiVersion) {
    throw badBody(
      `the API version in the data (${textOf(apiVersion)}) does not match the expected API version (${resource.apiVersion})`,
    );
  }
  // A wrong kind of ours is a 422, with all else that is wrong.
  if (kind !== resource.kind && resource.definition === undefined) {
    throw badBody(`the kind in the data (${textOf(kind)}) is not ${resource.kind}`);
  }
}

/** Drops owners that are named twice. */
function withUniqueOwners(meta: SentMeta): Pick<Draft, 'meta' | 'doubled'> {
  const { ownerReferences: all = [] } = meta;
  const isFirst = (owner: OwnerReference, index: number) =>
    all.findIndex((other) => other.uid === owner.uid && jsonEqual(other, owner)) === index;
  const ownerReferences = all.filter(isFirst);
  if (ownerReferences.length === all.length) return { meta, doubled: [] };
  const doubled = all.filter((owner, index) => !isFirst(owner, index)).map(({ uid }) => uid);
  return { meta: { ...meta, ownerReferences }, doubled };
}

/** Reads the body of a write; 400 when it is not an object of this resource. */
export function readDraft(resource: ServedResource, body: unknown): Draft {
  assertPlain(body);
  if (!isObject(body)) throw badBody('the body of the request must be an object');
  assertType(resource, body);
  const { apiVersion: _version, kind, metadata, ...rest } = body;
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    throw badBody('metadata must be an object');
  }
  const { meta, unknown } = readMetadata(metadata);
  const found: Findings = { unknown: [...unknown], errors: [] };
  walkFields(rest, resource.schema, '', found);
  return { kind, ...withUniqueOwners(meta), rest, unknown: found.unknown };
}

/** Checks that the body speaks of the object in the URL. */
export function assertSameObject(
  meta: SentMeta,
  key: Collection & { readonly name?: string },
): void {
  const { namespaced } = key.resource;
  if (namespaced && meta.namespace !== undefined && meta.namespace !== key.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (key.name === undefined) return;
  if (meta.name === undefined) {
    throw badRequest(
      `the name of the object (${key.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (meta.name !== key.name) {
    throw badRequest(
      `the name of the object (${meta.name}) does not match the name on the URL (${key.name})`,
    );
  }
}

/** Turns unknown and repeated fields into warnings, or into the error that Strict asks for. */
export function fieldWarnings(
  resource: ServedResource,
  { unknown, doubled }: Draft,
  options: WriteOptions,
): readonly string[] {
  const validation: FieldValidation = options.fieldValidation ?? 'Warn';
  const owners =
    doubled.length === 0
      ? []
      : [
          `.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${doubled.join(', ')}`,
        ];
  if (validation === 'Ignore') return owners;
  const found = [
    ...(options.duplicates ?? []).map((path) => `duplicate field "${path}"`),
    ...unknown.map((path) => `unknown field "${path}"`),
  ];
  if (validation === 'Strict' && found.length > 0) {
    const { kind, version } = resource;
    throw badBody(
      `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${found.join(', ')}`,
    );
  }
  return [...found, ...owners];
}
