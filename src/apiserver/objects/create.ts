import { timestamp, type Random } from '../../core/clock.ts';
import { documentOfText } from '../storage/document.ts';
import type { Context } from './context.ts';
import { rowKey } from './context.ts';
import { assertSameObject, fieldWarnings, readDraft, type Draft } from './draft.ts';
import { alreadyExists, badRequest, forbidden, notFound } from '../model/errors.ts';
import { assertSize, judge } from './judge.ts';
import { ownedByClients, type SentMeta } from './metadata.ts';
import { metadataErrors } from './metadata-rules.ts';
import { nameErrors } from './names.ts';
import { placeOf, tracked, withOwners } from './owners.ts';
import type { Document, ManagedEntry, StoredObject, StoredMeta } from '../model/object.ts';
import type { Collection, WriteOptions, WriteResult } from '../model/service.ts';

const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const SUFFIX_LENGTH = 5;
const LONGEST_PREFIX = 63 - SUFFIX_LENGTH;
const NAME_TRIES = 8;

function generatedName(prefix: string, random: Random): string {
  const letters = Array.from(
    { length: SUFFIX_LENGTH },
    () => SUFFIX_LETTERS[Math.floor(random() * SUFFIX_LETTERS.length)],
  );
  return `${prefix.slice(0, LONGEST_PREFIX)}${letters.join('')}`;
}

/** Refuses new objects in namespaces that are not there or are going. */
function assertNamespace(context: Context, collection: Collection, name: string): void {
  const { resource, namespace } = collection;
  if (!resource.namespaced) return;
  if (namespace === undefined) {
    throw badRequest('an empty namespace may not be set during creation');
  }
  const key = { resource: 'namespaces', namespace: '', name: namespace };
  const row = context.store.queries.live(key);
  if (row === undefined) throw notFound({ group: '', plural: 'namespaces', kind: '' }, namespace);
  if (row.document.object.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(resource, name, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}

function newMeta(
  context: Context,
  { resource, namespace }: Collection,
  sent: SentMeta,
  name: string,
): StoredMeta {
  const own = ownedByClients(sent);
  const { generateName } = sent;
  const { lifecycle, generation } = resource.strategy;
  const labels = { ...own.labels, ...lifecycle?.labels(name) };
  return {
    name,
    ...(generateName === undefined ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
    uid: context.newUid(),
    resourceVersion: '',
    ...(generation ? { generation: 1 } : {}),
    creationTimestamp: timestamp(context.clock.now()),
    ...own,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

function isTaken(context: Context, collection: Collection, name: string): boolean {
  return context.store.queries.live(rowKey({ ...collection, name })) !== undefined;
}

/** The name that was sent, or a generated one that is free; empty if there is neither. */
function chooseName(context: Context, collection: Collection, sent: SentMeta): string {
  const { name: sentName = '', generateName: prefix } = sent;
  if (sentName !== '' || prefix === undefined) return sentName;
  let name = '';
  for (let attempt = 0; attempt < NAME_TRIES; attempt += 1) {
    name = generatedName(prefix, context.random);
    if (!isTaken(context, collection, name)) return name;
  }
  throw alreadyExists(collection.resource, name);
}

function withoutStatus(collection: Collection, draft: Draft): Draft {
  if (!collection.resource.subresources.status) return draft;
  const { status: _status, ...rest } = draft.rest;
  return { ...draft, rest };
}

/** How an object is created. */
export interface CreateOptions extends WriteOptions {
  /** Who owns its fields, if an apply has already found out. */
  readonly owners?: readonly ManagedEntry[];
}

/** Creates an object; runs inside of a turn. */
export function createObject(
  context: Context,
  collection: Collection,
  body: unknown,
  options: CreateOptions,
): WriteResult {
  const { resource } = collection;
  const draft = withoutStatus(collection, readDraft(resource, body));
  const { meta: sent } = draft;
  assertSameObject(sent, collection);
  const { name: sentName = '', resourceVersion } = sent;
  if (resourceVersion !== undefined) {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  assertNamespace(context, collection, sentName);
  const name = chooseName(context, collection, sent);
  const meta = newMeta(context, collection, sent, name);
  const errors = [...nameErrors(name, resource.strategy.labelName), ...metadataErrors(meta)];
  const { object: judged, unknown } = judge({ resource, draft, meta, errors });
  const warnings = fieldWarnings(resource, unknown, options);
  if (isTaken(context, collection, name)) throw alreadyExists(resource, name);
  const { owners, manager = '' } = options;
  const object =
    owners === undefined
      ? tracked(placeOf(resource, context.clock.now()), judged, {
          sent: sent.managedFields,
          manager,
        })
      : withOwners(judged, owners);
  assertSize(object);
  if (options.dryRun === true) return { document: withoutRevision(object), warnings };
  const document = context.store.put(rowKey({ ...collection, name }), object);
  return { document, warnings };
}

/** What is only tried has no revision yet. */
function withoutRevision(object: StoredObject): Document {
  const { resourceVersion: _none, ...metadata } = object.metadata;
  return documentOfText(JSON.stringify({ ...object, metadata }));
}
