import { invalid as invalidValue } from '../../api/validation/field-error.ts';
import { isObject, jsonEqual } from '../../core/json.ts';
import { configured } from '../fields/configuration.ts';
import { applyPatch } from '../patch/apply.ts';
import { documentOf } from '../storage/document.ts';
import type { Row } from '../storage/row.ts';
import { existing, rowKey, type Context } from './context.ts';
import { assertSameObject, fieldWarnings, readDraft, type Draft } from './draft.ts';
import { createObject } from './create.ts';
import { assertPlain } from '../model/body.ts';
import { ApiError, badRequest, conflict, invalid, ofPatch, warned } from '../model/errors.ts';
import { isSameButTimes, placeOf, sentOwners, tracked } from './owners.ts';
import { assertSize, judge, type Judged } from './judge.ts';
import { ownedByClients, type SentMeta } from './metadata.ts';
import { metadataErrors, metadataUpdateErrors } from './metadata-rules.ts';
import { isReleased } from './release.ts';
import type { Document, ManagedEntry, StoredObject, StoredMeta } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { ObjectKey, Patch, UpdateOptions, WriteResult } from '../model/service.ts';

const STALE =
  'the object has been modified; please apply your changes to the latest version and try again';

function assertCurrent(key: ObjectKey, sent: SentMeta, old: StoredMeta, isWhole = false): void {
  const { resource, name } = key;
  const { uid, resourceVersion } = sent;
  if (isWhole && uid !== undefined && uid !== old.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.uid}`;
    throw conflict(resource, name, why);
  }
  if (resourceVersion !== undefined && !/^\d+$/.test(resourceVersion)) {
    const text = `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`;
    throw new ApiError(500, '', text);
  }
  const isAny = resourceVersion === undefined || /^0+$/.test(resourceVersion);
  if (isAny && !resource.strategy.unconditionalUpdate) {
    const plural = { ...resource, kind: resource.plural };
    const why = 'must be specified for an update';
    throw invalid(plural, name, [invalidValue('metadata.resourceVersion', 0, why)]);
  }
  if (!isAny && resourceVersion !== old.resourceVersion) {
    throw conflict(resource, name, STALE);
  }
}

/** Whether anything outside of metadata and status differs. */
function specChanged(left: StoredObject, right: StoredObject): boolean {
  const { metadata: _leftMeta, status: _leftStatus, ...leftSpec } = left;
  const { metadata: _rightMeta, status: _rightStatus, ...rightSpec } = right;
  return !jsonEqual(leftSpec, rightSpec);
}

function nextMeta(resource: ServedResource, sent: SentMeta, old: StoredMeta): StoredMeta {
  const {
    labels: _labels,
    annotations: _annotations,
    finalizers: _finalizers,
    ownerReferences: _owners,
    ...kept
  } = old;
  return { ...kept, ...ownedByClients(sent, resource.strategy.lifecycle?.labels(old.name)) };
}

/** What was stored, without fields that this release does not know: their loss is no change. */
function knownForm(
  resource: ServedResource,
  { isPruned }: Judged,
  old: StoredObject,
): StoredObject {
  if (!isPruned) return old;
  return { ...old, ...resource.strategy.check(old).object };
}

/** The main endpoint: everything but the status comes from the request. */
function judgeMain(resource: ServedResource, draft: Draft, old: StoredObject): Judged {
  const { status: _ignored, ...rest } = draft.rest;
  const status = old['status'] === undefined ? {} : { status: old['status'] };
  const meta = nextMeta(resource, draft.meta, old.metadata);
  const errors = [
    ...metadataUpdateErrors(draft.meta, old.metadata),
    ...metadataErrors(meta, resource.definition === undefined),
  ];
  const separate = resource.subresources.status;
  const next = separate ? { ...draft, rest: { ...rest, ...status } } : draft;
  const judged = judge({ resource, draft: next, meta, old, errors });
  const { generation } = old.metadata;
  if (generation === undefined || !specChanged(judged.object, knownForm(resource, judged, old))) {
    return judged;
  }
  const metadata = { ...judged.object.metadata, generation: generation + 1 };
  return { ...judged, object: { ...judged.object, metadata } };
}

/** The status endpoint: nothing but the status comes from the request. */
function judgeStatus(resource: ServedResource, draft: Draft, old: StoredObject): Judged {
  const { apiVersion: _version, kind: _kind, metadata: meta, status: _old, ...rest } = old;
  const { status } = draft.rest;
  const next = { ...draft, rest: { ...rest, ...(status === undefined ? {} : { status }) } };
  return judge({ resource, draft: next, meta, old, errors: [], statusOnly: true });
}

/** What is written over, and how. */
interface Target {
  readonly row: Row;
  readonly options: UpdateOptions;
  /** Who owns the fields, if an apply has already found out. */
  readonly owners?: readonly ManagedEntry[];
  /** A body that is sent as a whole tells by its uid which object it means; in a patch it is a field. */
  readonly isWhole?: boolean;
}

function write(context: Context, key: ObjectKey, draft: Draft, target: Target): Document {
  const { resource } = key;
  const { row, options } = target;
  const old = row.document.object;
  assertSameObject(draft.meta, key);
  assertCurrent(key, draft.meta, old.metadata, target.isWhole);
  const judged =
    options.subresource === 'status'
      ? judgeStatus(resource, draft, old)
      : judgeMain(resource, draft, old);
  const place = placeOf(resource, context.clock.now(), options.subresource);
  const { manager = '' } = options;
  const sent = sentOwners(resource, draft.meta);
  const object = tracked(place, judged.object, { old, sent, manager, owners: target.owners });
  if (isSameButTimes(object, old)) return row.document;
  assertSize(object);
  if (options.dryRun === true) return documentOf(object);
  if (isReleased(resource, object)) {
    context.store.drop(row);
    return documentOf(object);
  }
  return context.store.put(rowKey(key), object, row);
}

/** Writes a body over what is there. */
function replace(context: Context, key: ObjectKey, body: unknown, target: Target): WriteResult {
  const draft = readDraft(key.resource, body);
  const warnings = fieldWarnings(key.resource, draft, target.options);
  const document = warned(warnings, () => write(context, key, draft, target));
  return { document, warnings };
}

/** Replaces an object or its status; runs inside of a turn. */
export function updateObject(
  context: Context,
  key: ObjectKey,
  body: unknown,
  options: UpdateOptions,
): WriteResult {
  const { createOnUpdate = false } = key.resource.strategy;
  const isMissing = createOnUpdate && context.store.queries.live(rowKey(key)) === undefined;
  if (isMissing && options.subresource === undefined) {
    assertSameObject(readDraft(key.resource, body).meta, key);
    return { ...createObject(context, key, body, options), created: true };
  }
  const row = existing(context.store, key);
  return replace(context, key, body, { row, options, isWhole: true });
}

/** Patches an object or its status; runs inside of a turn. */
export function patchObject(
  context: Context,
  key: ObjectKey,
  patch: Patch,
  options: UpdateOptions,
): WriteResult {
  if (patch.type === 'apply') return applyObject(context, key, patch, options);
  const row = existing(context.store, key);
  const patched = applyPatch(key.resource, row.document.object, patch);
  try {
    return replace(context, key, patched, { row, options });
  } catch (error) {
    throw ofPatch(error);
  }
}

/** Applies a configuration to an object, which is made if it is not there; runs inside of a turn. */
function applyObject(
  context: Context,
  key: ObjectKey,
  { body, force = false }: Patch,
  options: UpdateOptions,
): WriteResult {
  const { resource } = key;
  const { manager = '', subresource } = options;
  assertPlain(body);
  if (!isObject(body)) throw badRequest('the body of the request must be an object');
  // A status belongs to something that is there.
  const row =
    subresource === undefined
      ? context.store.queries.live(rowKey(key))
      : existing(context.store, key);
  const place = placeOf(resource, context.clock.now(), subresource);
  const asked = { old: row?.document.object, configuration: body, manager, force };
  const { object, managedFields: owners } = configured(place, asked);
  if (row === undefined) {
    // Whatever revision it names: there is none to compare it with.
    const { resourceVersion: _any, ...metadata } = isObject(object['metadata'])
      ? object['metadata']
      : {};
    if (typeof metadata['uid'] === 'string') {
      const why = `uid mismatch: the provided object specified uid ${metadata['uid']}, and no existing object was found`;
      throw conflict(resource, key.name, why);
    }
    const body = { ...object, metadata };
    return { ...createObject(context, key, body, { ...options, owners }), created: true };
  }
  const draft = { ...readDraft(resource, object), keepsNulls: true };
  return { document: write(context, key, draft, { row, options, owners }), warnings: [] };
}
