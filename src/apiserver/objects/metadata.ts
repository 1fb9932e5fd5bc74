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
const WHOLE: SchemaNode = { type: 'integer' };

/** Schema of `metadata`, for reading bodies and for discovery documents. */
export const METADATA_SCHEMA: SchemaNode = {
  type: 'object',
  description: 'Standard metadata of an object.',
  properties: {
    name: { ...TEXT, description: 'Name, unique in its namespace.' },
    generateName: { ...TEXT, description: 'Prefix of a name that the server completes.' },
    namespace: { ...TEXT, description: 'Namespace of the object.' },
    uid: { ...TEXT, description: 'Set by the server, unique over time.' },
    resourceVersion: { ...TEXT, description: 'Changes with every write; opaque.' },
    generation: { ...WHOLE, description: 'Counts the changes of the spec.' },
    creationTimestamp: { ...TIME, description: 'Set by the server.' },
    deletionTimestamp: { ...TIME, description: 'Set while finalizers hold a deleted object.' },
    deletionGracePeriodSeconds: WHOLE,
    labels: { ...TEXTS, description: 'Keys and values that selectors look at.' },
    annotations: { ...TEXTS, description: 'Keys and values for programs and people.' },
    finalizers: {
      type: 'array',
      description: 'Who must let go before a deleted object disappears.',
      items: TEXT,
      'x-kubernetes-list-type': 'set',
    },
    ownerReferences: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      description: 'The objects that this one belongs to; it goes when the last of them goes.',
      items: {
        type: 'object',
        'x-kubernetes-map-type': 'atomic',
        properties: {
          apiVersion: ZERO_TEXT,
          kind: ZERO_TEXT,
          name: ZERO_TEXT,
          uid: ZERO_TEXT,
          controller: FLAG,
          blockOwnerDeletion: FLAG,
        },
      },
    },
    selfLink: TEXT,
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

/** The part of metadata that clients decide; what is empty is left out, as Kubernetes does. */
export function ownedByClients(meta: SentMeta): ClientMeta {
  const { labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = meta;
  return {
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(finalizers.length === 0 ? {} : { finalizers }),
    ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
  };
}
