import { isObject } from '../../core/json.ts';
import { assertPlain } from '../model/body.ts';
import { badRequest } from '../model/errors.ts';
import { readMetadata, type SentMeta } from './metadata.ts';
import type { ServedResource } from '../model/resource.ts';
import type { FieldValidation, WriteOptions } from '../model/service.ts';

/** A body that was read: its metadata, and the rest as it came. */
export interface Draft {
  readonly meta: SentMeta;
  /** Everything outside of apiVersion, kind and metadata. */
  readonly rest: Readonly<Record<string, unknown>>;
  readonly unknown: readonly string[];
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
  if (kind === undefined || kind === '') throw badRequest("Object 'Kind' is missing in the body");
  if (apiVersion === undefined || apiVersion === '') {
    throw badRequest("Object 'apiVersion' is missing in the body");
  }
  if (apiVersion !== resource.apiVersion) {
    throw badRequest(
      `the API version in the data (${textOf(apiVersion)}) does not match the expected API version (${resource.apiVersion})`,
    );
  }
  if (kind !== resource.kind) {
    throw badRequest(`the kind in the data (${textOf(kind)}) is not ${resource.kind}`);
  }
}

/** Reads the body of a write; 400 when it is not an object of this resource. */
export function readDraft(resource: ServedResource, body: unknown): Draft {
  assertPlain(body);
  if (!isObject(body)) throw badRequest('the body of the request must be an object');
  assertType(resource, body);
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = body;
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    throw badRequest('metadata must be an object');
  }
  const { meta, unknown } = readMetadata(metadata);
  return { meta, rest, unknown };
}

/** Checks that the body speaks of the object in the URL. */
export function assertSameObject(
  meta: SentMeta,
  key: { readonly namespace?: string; readonly name?: string },
): void {
  if (meta.namespace !== undefined && meta.namespace !== key.namespace) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (key.name !== undefined && meta.name !== undefined && meta.name !== key.name) {
    throw badRequest(
      `the name of the object (${meta.name}) does not match the name on the URL (${key.name})`,
    );
  }
}

/** Turns unknown and repeated fields into warnings, or into the error that Strict asks for. */
export function fieldWarnings(
  resource: ServedResource,
  unknown: readonly string[],
  options: WriteOptions,
): readonly string[] {
  const validation: FieldValidation = options.fieldValidation ?? 'Warn';
  if (validation === 'Ignore') return [];
  const found = [
    ...(options.duplicates ?? []).map((path) => `duplicate field "${path}"`),
    ...unknown.map((path) => `unknown field "${path}"`),
  ];
  if (validation === 'Strict' && found.length > 0) {
    const { kind, version } = resource;
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${found.join(', ')}`,
    );
  }
  return found;
}
