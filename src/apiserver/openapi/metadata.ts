import { METADATA_SCHEMA, OWNER_REFERENCE_SCHEMA } from '../objects/metadata.ts';

/** A node of an OpenAPI document. */
export type Node = Readonly<Record<string, unknown>>;

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';

/** Names of the shared schemas. */
export const NAMES = {
  objectMeta: `${META}.ObjectMeta`,
  ownerReference: `${META}.OwnerReference`,
  listMeta: `${META}.ListMeta`,
  deleteOptions: `${META}.DeleteOptions`,
  preconditions: `${META}.Preconditions`,
  status: `${META}.Status`,
} as const;

/** A reference to a schema of the same document. */
export function ref(name: string): Node {
  return { $ref: `#/components/schemas/${name}` };
}

/** A reference with a description of its own, in the form that upstream writes. */
export function described(description: string, name: string): Node {
  return { description, allOf: [ref(name)] };
}

function text(description: string): Node {
  return { description, type: 'string' };
}

const count = (description: string) => ({ description, type: 'integer', format: 'int64' });

const MERGED = { 'x-kubernetes-patch-strategy': 'merge' };

const { finalizers, ownerReferences, ...others } = METADATA_SCHEMA.properties ?? {};

const OBJECT_META: Node = {
  ...METADATA_SCHEMA,
  properties: {
    ...others,
    finalizers: { ...finalizers, ...MERGED },
    ownerReferences: {
      ...ownerReferences,
      items: ref(NAMES.ownerReference),
      'x-kubernetes-patch-merge-key': 'uid',
      ...MERGED,
    },
  },
};

const OWNER_REFERENCE: Node = {
  ...OWNER_REFERENCE_SCHEMA,
  required: ['apiVersion', 'kind', 'name', 'uid'],
};

const LIST_META: Node = {
  description: 'ListMeta is metadata of a list.',
  type: 'object',
  properties: {
    continue: text('Token for the next page.'),
    remainingItemCount: count('How many items follow.'),
    resourceVersion: text('Version of the store that the list shows.'),
  },
};

const PRECONDITIONS: Node = {
  description: 'Preconditions must hold for the deletion to be done.',
  type: 'object',
  properties: { resourceVersion: text('The expected version.'), uid: text('The expected UID.') },
};

const DELETE_OPTIONS: Node = {
  description: 'DeleteOptions say how an object is deleted.',
  type: 'object',
  properties: {
    apiVersion: text('API version of this object.'),
    dryRun: {
      description: 'All: run every check, delete nothing.',
      type: 'array',
      items: { type: 'string' },
    },
    gracePeriodSeconds: count('Has no effect here.'),
    kind: text('DeleteOptions.'),
    preconditions: described('What must hold.', NAMES.preconditions),
    propagationPolicy: text('Background, Foreground or Orphan.'),
  },
};

const STATUS: Node = {
  description: 'Status is the answer of a call that returns no object.',
  type: 'object',
  properties: {
    apiVersion: text('v1.'),
    code: { description: 'HTTP status code.', type: 'integer', format: 'int32' },
    details: { description: 'Data that belongs to the reason.', type: 'object' },
    kind: text('Status.'),
    message: text('A sentence for people.'),
    metadata: described('Metadata of a list.', NAMES.listMeta),
    reason: text('CamelCase reason.'),
    status: text('Success or Failure.'),
  },
};

/** The schemas that every document carries. */
export const SHARED_SCHEMAS: Readonly<Record<string, Node>> = {
  [NAMES.objectMeta]: OBJECT_META,
  [NAMES.ownerReference]: OWNER_REFERENCE,
  [NAMES.listMeta]: LIST_META,
  [NAMES.preconditions]: PRECONDITIONS,
  [NAMES.deleteOptions]: DELETE_OPTIONS,
  [NAMES.status]: STATUS,
};
