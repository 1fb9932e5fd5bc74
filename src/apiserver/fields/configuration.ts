import { timestamp } from '../../core/clock.ts';
import { canonicalJson, isObject, jsonEqual, textOf } from '../../core/json.ts';
import { ApiError, badRequest, type StatusCause } from '../model/errors.ts';
import type { ManagedEntry } from '../model/object.ts';
import { fieldsOf, type Fields } from './atom.ts';
import { compare } from './compare.ts';
import { goJson, pathText } from './element.ts';
import { difference, EMPTY, has, union, type FieldSet } from './field-set.ts';
import {
  identityOf,
  readOwners,
  withoutEmpty,
  writeOwners,
  type Manager,
  type Owners,
} from './managed.ts';
import { membersOf } from './members.ts';
import type { Shape } from './shape.ts';
import {
  bare,
  currentOwners,
  emptyObject,
  managerAt,
  ownable,
  ownersAfterWrite,
  type Place,
} from './track.ts';
import { applied, type Applied, type Conflict } from './updater.ts';
import { shapeErrors } from './valid.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** Owns what was there before anybody applied, where owners were not tracked. */
const BEFORE = 'before-first-apply';

/** A configuration to be applied. */
export interface Configuration {
  /** The object; absent if there is none yet. */
  readonly old?: Fields | undefined;
  readonly configuration: Fields;
  readonly manager: string;
  readonly force: boolean;
}

/** The object with a configuration merged into it, not judged yet. */
export interface Configured {
  readonly object: Fields;
  readonly managedFields: readonly ManagedEntry[];
}

function managerText({ manager, subresource, operation, apiVersion }: Manager): string {
  const part = subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  const how = operation === 'Update' ? ` using ${apiVersion}` : '';
  return `${JSON.stringify(manager)}${part}${how}`;
}

function conflictText(conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    const { owner, path } = first;
    return `Apply failed with 1 conflict: conflict with ${managerText(owner)}: ${pathText(path)}`;
  }
  const groups = [...Map.groupBy(conflicts, ({ owner }) => identityOf(owner))].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const lines = groups.flatMap(([, group]) => [
    ...group.slice(0, 1).map(({ owner }) => `conflicts with ${managerText(owner)}:`),
    ...group.map(({ path }) => `- ${pathText(path)}`),
  ]);
  return `Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`;
}

function refusal(conflicts: readonly Conflict[]): ApiError {
  const causes = conflicts.map(({ owner, path }): StatusCause => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${managerText(owner)}`,
    field: pathText(path),
  }));
  return new ApiError(409, 'Conflict', conflictText(conflicts), { causes });
}

function typeText(object: Fields): string {
  const version = textOf(object['apiVersion']);
  return `${version.includes('/') ? version : `/${version}`}, Kind=${textOf(object['kind'])}`;
}

function metadataText(object: Fields, field: string): string {
  return textOf(fieldsOf(object['metadata'])?.[field]);
}

function assertShape(what: string, object: Fields, shape: Shape, mayRepeat: boolean): void {
  const errors = shapeErrors(object, shape, { mayRepeat });
  if (errors === undefined) return;
  const name = `${metadataText(object, 'namespace')}/${metadataText(object, 'name')}`;
  const text = `failed to create typed ${what} object (${name}; ${typeText(object)}): ${errors}`;
  throw new ApiError(500, '', text);
}

function assertConfiguration(place: Place, configuration: Fields): void {
  const { apiVersion, kind } = place;
  if (configuration['apiVersion'] !== apiVersion || configuration['kind'] !== kind) {
    throw badRequest(`invalid object type: ${typeText(configuration)}`);
  }
  const owners = fieldsOf(configuration['metadata'])?.['managedFields'];
  if (owners !== undefined && owners !== null) {
    throw badRequest('metadata.managedFields must be nil');
  }
  assertShape('patch', configuration, place.rules.shape, false);
}

/** Merges, whoever owns what the configuration changes. */
function merge(place: Place, live: Fields, asked: Configuration, owners: Owners): Applied {
  const self = managerAt(place, asked.manager, 'Apply');
  const id = identityOf(self);
  const known = currentOwners(owners, place);
  const change = { live, next: asked.configuration };
  const outcome = applied(known, self, place.rules, change);
  const isSame = jsonEqual(live, outcome.object);
  const after = new Map(outcome.owners);
  const own = after.get(id);
  if (own !== undefined) {
    const time = isSame ? {} : { time: timestamp(place.nowMs) };
    after.set(id, { ...own, set: ownable(own.set), ...time });
  }
  const object = isSame ? live : outcome.object;
  return { object, owners: withoutEmpty(after), conflicts: outcome.conflicts };
}

/** What kubectl applied on its own side, and nobody changed since. */
function appliedByClient(live: Fields, { rules, apiVersion }: Place): FieldSet {
  const { shape } = rules;
  const annotations = fieldsOf(fieldsOf(live['metadata'])?.['annotations']);
  const text = annotations?.[LAST_APPLIED];
  let last: unknown;
  try {
    last = typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return EMPTY;
  }
  if (!isObject(last) || last['apiVersion'] !== apiVersion) return EMPTY;
  if (shapeErrors(last, shape, { mayRepeat: false }) !== undefined) return EMPTY;
  const { modified, added, removed } = compare(last, live, shape, EMPTY);
  return difference(membersOf(last, shape), union(union(modified, added), removed));
}

/** Refuses conflicts, unless it is forced; what kubectl owned as a client, it takes over. */
function assertNoConflict(
  place: Place,
  live: Fields,
  { force, manager }: Configuration,
  conflicts: readonly Conflict[],
): void {
  if (force || conflicts.length === 0) return;
  const allowed = manager === 'kubectl' ? appliedByClient(live, place) : EMPTY;
  const left = conflicts.filter(({ path }) => !has(allowed, path));
  if (left.length > 0) throw refusal(left);
}

/** Keeps the annotation of client-side apply true for kubectl, where it is there. */
function withLastApplied(object: Fields, { manager, configuration }: Configuration): Fields {
  const metadata = fieldsOf(object['metadata']);
  const annotations = fieldsOf(metadata?.['annotations']);
  const last = annotations?.[LAST_APPLIED];
  if (manager !== 'kubectl' || typeof last !== 'string' || last === '') return object;
  const sent = fieldsOf(configuration['metadata']) ?? {};
  const { [LAST_APPLIED]: _own, ...others } = fieldsOf(sent['annotations']) ?? {};
  const kept = sent['annotations'] === undefined ? sent : { ...sent, annotations: others };
  const text = `${goJson(canonicalJson({ ...configuration, metadata: kept }))}\n`;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: text } },
  };
}

/** Applies a configuration, as server-side apply does. Throws an ApiError: 400, 409, or 500 as upstream. */
export function configured(place: Place, asked: Configuration): Configured {
  assertConfiguration(place, asked.configuration);
  const metadata = fieldsOf(asked.old?.['metadata']);
  const tracked = readOwners(metadata?.['managedFields']);
  const empty = emptyObject(place);
  const live = asked.old === undefined ? empty : bare(asked.old);
  assertShape('live', live, place.rules.shape, true);
  const owners =
    tracked.size > 0
      ? tracked
      : ownersAfterWrite(tracked, place, BEFORE, { live: empty, next: live });
  const merged = merge(place, live, asked, owners);
  assertNoConflict(place, live, asked, merged.conflicts);
  const object = withLastApplied(fieldsOf(merged.object) ?? empty, asked);
  return { object, managedFields: writeOwners(merged.owners) };
}
