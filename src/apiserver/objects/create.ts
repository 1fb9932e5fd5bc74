import { timestamp, type Random } from '../../core/clock.ts';
import { documentOfText } from '../storage/document.ts';
import type { Context } from './context.ts';
import { rowKey } from './context.ts';
import { assertSameObject, fieldWarnings, readDraft, type Draft } from './draft.ts';
import {
  alreadyExists,
  ApiError,
  badRequest,
  forbidden,
  notFound,
  warned,
} from '../model/errors.ts';
import { assertSize, judge } from './judge.ts';
import { ownedByClients, type SentMeta } from './metadata.ts';
import { metadataErrors } from './metadata-rules.ts';
import { generateNameErrors, nameErrors } from './names.ts';
import { placeOf, sentOwners, tracked } from './owners.ts';
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

/** How an object is created. */
export interface CreateOptions extends WriteOptions {
  /** Who owns its fields, if an apply has already found out. */
  readonly owners?: readonly ManagedEntry[];
}

function newMeta(context: Context, collection: Collection, sent: SentMeta): StoredMeta {
  const { resource, namespace } = collection;
  assertSameObject(sent, collection);
  if (sent.resourceVersion !== undefined) {
    // A 500 upstream, and nothing that a client could do by itself.
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
  }
  const { name: sentName = '', generateName } = sent;
  assertNamespace(context, collection, sentName);
  const name = chooseName(context, collection, sent);
  const { lifecycle, generation } = resource.strategy;
  return {
    name,
    ...(generateName === undefined ? {} : { generateName }),
    ...(namespace === undefined ? {} : { namespace }),
    uid: context.newUid(),
    resourceVersion: '',
    ...(generation ? { generation: 1 } : {}),
    creationTimestamp: timestamp(context.clock.now()),
    ...ownedByClients(sent, lifecycle?.labels(name)),
  };
}

function judged({ resource }: Collection, draft: Draft, meta: StoredMeta): StoredObject {
  const { labelName } = resource.strategy;
  const { generateName } = draft.meta;
  const errors = [
    ...(generateName === undefined ? [] : generateNameErrors(generateName, labelName)),
    ...nameErrors(meta.name, labelName),
    ...metadataErrors(meta, resource.definition === undefined),
  ];
  return judge({ resource, draft, meta, errors }).object;
}

function made(
  context: Context,
  collection: Collection,
  draft: Draft,
  options: CreateOptions,
): Document {
  const { resource } = collection;
  const meta = newMeta(context, collection, draft.meta);
  const bare = judged(collection, draft, meta);
  if (isTaken(context, collection, meta.name)) throw alreadyExists(resource, meta.name);
  const { owners, manager = '' } = options;
  const place = placeOf(resource, context.clock.now());
  const object = tracked(place, bare, { sent: sentOwners(resource, draft.meta), manager, owners });
  assertSize(object);
  if (options.dryRun === true) return withoutRevision(object);
  return context.store.put(rowKey({ ...collection, name: meta.name }), object);
}

/** Creates an object; runs inside of a turn. */
export function createObject(
  context: Context,
  collection: Collection,
  body: unknown,
  options: CreateOptions,
): WriteResult {
  const { resource } = collection;
  const read = readDraft(resource, body);
  const warnings = fieldWarnings(resource, read, options);
  const { status: _status, ...withoutStatus } = read.rest;
  const rest = resource.subresources.status ? withoutStatus : read.rest;
  const draft = { ...read, rest, keepsNulls: options.owners !== undefined };
  const document = warned(warnings, () => made(context, collection, draft, options));
  return { document, warnings };
}

/** What is only tried has no revision yet. */
function withoutRevision(object: StoredObject): Document {
  const { resourceVersion: _none, ...metadata } = object.metadata;
  return documentOfText(JSON.stringify({ ...object, metadata }));
}
