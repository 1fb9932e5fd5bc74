import type { SchemaNode } from '../../api/validation/schema-node.ts';
import { walk, type Findings } from '../../api/validation/walk.ts';
import type { OwnerReference } from '../../api/object.ts';
import { isObject } from '../../core/json.ts';
import { badBody } from '../model/errors.ts';

const TEXT: SchemaNode = { type: 'string' };
/** A text that is empty where it is absent or null, as in Go. */
const ZERO_TEXT: SchemaNode = { ...TEXT, default: '' };
const FLAG: SchemaNode = { type: 'boolean' };
const TEXTS: SchemaNode = { type: 'object', additionalProperties: ZERO_TEXT };
const TIME: SchemaNode = { type: 'string', format: 'date-time' };
const WHOLE: SchemaNode = { type: 'integer', format: 'int64' };

/** Schema of an owner reference. */
export const OWNER_REFERENCE_SCHEMA: SchemaNode = {
  type: 'object',
  description: 'OwnerReference names an object that this one belongs to.',
  'x-kubernetes-map-type': 'atomic',
  properties: {
    apiVersion: { ...ZERO_TEXT, description: 'API version of the owner.' },
    blockOwnerDeletion: { ...FLAG, description: 'Whether the owner waits for this object.' },
    controller: { ...FLAG, description: 'Whether the owner manages this object.' },
    kind: { ...ZERO_TEXT, description: 'Kind of the owner.' },
    name: { ...ZERO_TEXT, description: 'Name of the owner.' },
    uid: { ...ZERO_TEXT, description: 'UID of the owner.' },
  },
};

/** Schema of `metadata`, for reading bodies and for OpenAPI. */
export const METADATA_SCHEMA: SchemaNode = {
  type: 'object',
  description: 'ObjectMeta is metadata that all stored objects have.',
  properties: {
    annotations: { ...TEXTS, description: 'Free notes that tools keep; not for selecting.' },
    creationTimestamp: { ...TIME, description: 'When it was created. Set by the server.' },
    deletionGracePeriodSeconds: { ...WHOLE, description: 'Always 0 here. Set by the server.' },
    deletionTimestamp: { ...TIME, description: 'When deletion was asked for. Set by the server.' },
    finalizers: {
      type: 'array',
      description: 'The object stays until this list is empty.',
      items: TEXT,
      'x-kubernetes-list-type': 'set',
    },
    generateName: { ...TEXT, description: 'Prefix for a name that the server completes.' },
    generation: { ...WHOLE, description: 'Rises with each change of the spec. Set by the server.' },
    labels: { ...TEXTS, description: 'Keys and values by which objects are selected.' },
    managedFields: {
      type: 'array',
      description: 'Who owns which fields, for server-side apply.',
      'x-kubernetes-list-type': 'atomic',
      items: {
        type: 'object',
        properties: {
          manager: TEXT,
          operation: TEXT,
          apiVersion: TEXT,
          time: TIME,
          fieldsType: TEXT,
          fieldsV1: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          subresource: TEXT,
        },
      },
    },
    name: { ...TEXT, description: 'Name, unique within the namespace. Cannot be changed.' },
    namespace: { ...TEXT, description: 'Namespace of the object. Cannot be changed.' },
    ownerReferences: {
      type: 'array',
      description: 'Objects that this one belongs to; it goes when the last of them goes.',
      items: OWNER_REFERENCE_SCHEMA,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
    },
    resourceVersion: { ...TEXT, description: 'Opaque version, for conflicts and watches.' },
    selfLink: TEXT,
    uid: { ...TEXT, description: 'Unique in time and space. Set by the server.' },
  },
};

/**
 * Metadata as a client sent it: the types are right, the values are not judged yet. What was sent as an
 * empty text is absent, as Kubernetes makes no difference between the two.
 */
export interface SentMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly OwnerReference[];
  /** Who the client says owns which fields; not judged. */
  readonly managedFields?: readonly unknown[];
}

/** Reads the metadata of a body; unknown fields are dropped and named. */
export function readMetadata(raw: unknown): {
  readonly meta: SentMeta;
  readonly unknown: readonly string[];
} {
  const found: Findings = { unknown: [], errors: [] };
  const sent = walk(raw ?? {}, METADATA_SCHEMA, 'metadata', found);
  // Owner references may repeat: those that do are dropped.
  const error = found.errors.find(({ type }) => type !== 'FieldValueDuplicate');
  if (error !== undefined) throw badBody(`${error.field}: ${error.message}`);
  const fields = Object.entries(isObject(sent) ? sent : {}).filter(([, value]) => value !== '');
  // The schema above is what the type says.
  return { meta: Object.fromEntries(fields) as SentMeta, unknown: found.unknown };
}

/** The part of metadata that clients decide. */
type ClientMeta = Pick<SentMeta, 'labels' | 'annotations' | 'finalizers' | 'ownerReferences'>;

/**
 * The part of metadata that clients decide, with labels that the server sets. What is empty is left out,
 * as Kubernetes does.
 */
export function ownedByClients(meta: SentMeta, ownLabels: SentMeta['labels'] = {}): ClientMeta {
  const { annotations = {}, finalizers = [], ownerReferences = [] } = meta;
  const labels = { ...meta.labels, ...ownLabels };
  return {
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(finalizers.length === 0 ? {} : { finalizers }),
    ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
  };
}
