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

function text(description: string, more: Node = {}): Node {
  return { description, type: 'string', ...more };
}

function texts(description: string): Node {
  return { description, type: 'object', additionalProperties: { type: 'string' } };
}

function list(description: string, items: Node): Node {
  return { description, type: 'array', items };
}

const time = (description: string) => text(description, { format: 'date-time' });

const count = (description: string) => ({ description, type: 'integer', format: 'int64' });

const OBJECT_META: Node = {
  description: 'ObjectMeta is metadata that all stored objects have.',
  type: 'object',
  properties: {
    annotations: texts('Free notes that tools keep on the object; not for selecting.'),
    creationTimestamp: time('When the object was created. Set by the server.'),
    deletionGracePeriodSeconds: count('Always 0 here. Set by the server.'),
    deletionTimestamp: time('When deletion was asked for. Set by the server.'),
    finalizers: {
      ...list('The object stays until this list is empty.', { type: 'string' }),
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    },
    generateName: text('Prefix for a name that the server completes.'),
    generation: count('Rises with each change of the spec. Set by the server.'),
    labels: texts('Keys and values by which objects are selected.'),
    name: text('Name, unique within the namespace. Cannot be changed.'),
    namespace: text('Namespace of the object. Cannot be changed.'),
    ownerReferences: {
      ...list('Objects that this one belongs to.', ref(NAMES.ownerReference)),
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
    },
    resourceVersion: text('Opaque version of the object, for conflicts and watches.'),
    uid: text('Unique in time and space. Set by the server.'),
  },
};

const OWNER_REFERENCE: Node = {
  description: 'OwnerReference names an object that this one belongs to.',
  type: 'object',
  required: ['apiVersion', 'kind', 'name', 'uid'],
  properties: {
    apiVersion: text('API version of the owner.'),
    blockOwnerDeletion: {
      description: 'Whether the owner, deleted in the foreground, waits for this object.',
      type: 'boolean',
    },
    controller: { description: 'Whether the owner manages this object.', type: 'boolean' },
    kind: text('Kind of the owner.'),
    name: text('Name of the owner.'),
    uid: text('UID of the owner.'),
  },
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
    dryRun: list('All: run every check, delete nothing.', { type: 'string' }),
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
