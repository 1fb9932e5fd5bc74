/** What a field holds. Scalars with `?` are pointers in Go: their zero value is kept. */
export type FieldType =
  | 'string'
  | 'string?'
  | 'int'
  | 'int?'
  | 'bool'
  | 'bool?'
  | 'time'
  | 'microTime'
  | 'strings'
  | 'stringMap'
  | 'bytesMap'
  | { readonly message: Message }
  | { readonly messages: Message };

/** The fields of a message by their number. */
export type Message = Readonly<Record<number, readonly [name: string, type: FieldType]>>;

const ownerReference: Message = {
  1: ['kind', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['controller', 'bool?'],
  7: ['blockOwnerDeletion', 'bool?'],
};

const objectMeta: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['generation', 'int'],
  8: ['creationTimestamp', 'time'],
  9: ['deletionTimestamp', 'time'],
  10: ['deletionGracePeriodSeconds', 'int?'],
  11: ['labels', 'stringMap'],
  12: ['annotations', 'stringMap'],
  13: ['ownerReferences', { messages: ownerReference }],
  14: ['finalizers', 'strings'],
};

const metadata = ['metadata', { message: objectMeta }] as const;

const objectReference: Message = {
  1: ['kind', 'string'],
  2: ['namespace', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['fieldPath', 'string'],
};

const namespaceCondition: Message = {
  1: ['type', 'string'],
  2: ['status', 'string'],
  4: ['lastTransitionTime', 'time'],
  5: ['reason', 'string'],
  6: ['message', 'string'],
};

const namespace: Message = {
  1: metadata,
  2: ['spec', { message: { 1: ['finalizers', 'strings'] } }],
  3: [
    'status',
    { message: { 1: ['phase', 'string'], 2: ['conditions', { messages: namespaceCondition }] } },
  ],
};

const secret: Message = {
  1: metadata,
  2: ['data', 'bytesMap'],
  3: ['type', 'string'],
  4: ['stringData', 'stringMap'],
  5: ['immutable', 'bool?'],
};

const configMap: Message = {
  1: metadata,
  2: ['data', 'stringMap'],
  3: ['binaryData', 'bytesMap'],
  4: ['immutable', 'bool?'],
};

const eventSource = { message: { 1: ['component', 'string'], 2: ['host', 'string'] } } as const;

const series = [
  'series',
  { message: { 1: ['count', 'int'], 2: ['lastObservedTime', 'microTime'] } },
] as const;

const event: Message = {
  1: metadata,
  2: ['involvedObject', { message: objectReference }],
  3: ['reason', 'string'],
  4: ['message', 'string'],
  5: ['source', eventSource],
  6: ['firstTimestamp', 'time'],
  7: ['lastTimestamp', 'time'],
  8: ['count', 'int'],
  9: ['type', 'string'],
  10: ['eventTime', 'microTime'],
  11: series,
  12: ['action', 'string'],
  13: ['related', { message: objectReference }],
  14: ['reportingComponent', 'string'],
  15: ['reportingInstance', 'string'],
};

const newEvent: Message = {
  1: metadata,
  2: ['eventTime', 'microTime'],
  3: series,
  4: ['reportingController', 'string'],
  5: ['reportingInstance', 'string'],
  6: ['action', 'string'],
  7: ['reason', 'string'],
  8: ['regarding', { message: objectReference }],
  9: ['related', { message: objectReference }],
  10: ['note', 'string'],
  11: ['type', 'string'],
  12: ['deprecatedSource', eventSource],
  13: ['deprecatedFirstTimestamp', 'time'],
  14: ['deprecatedLastTimestamp', 'time'],
  15: ['deprecatedCount', 'int'],
};

const lease: Message = {
  1: metadata,
  2: [
    'spec',
    {
      message: {
        1: ['holderIdentity', 'string?'],
        2: ['leaseDurationSeconds', 'int?'],
        3: ['acquireTime', 'microTime'],
        4: ['renewTime', 'microTime'],
        5: ['leaseTransitions', 'int?'],
        6: ['strategy', 'string?'],
        7: ['preferredHolder', 'string?'],
      },
    },
  ],
};

const resourceAttributes: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
};

const accessReview: Message = {
  1: metadata,
  2: [
    'spec',
    {
      message: {
        1: ['resourceAttributes', { message: resourceAttributes }],
        2: ['nonResourceAttributes', { message: { 1: ['path', 'string'], 2: ['verb', 'string'] } }],
      },
    },
  ],
};

const rulesReview: Message = {
  1: metadata,
  2: ['spec', { message: { 1: ['namespace', 'string'] } }],
};

const deleteOptions: Message = {
  1: ['gracePeriodSeconds', 'int?'],
  2: ['preconditions', { message: { 1: ['uid', 'string?'], 2: ['resourceVersion', 'string?'] } }],
  3: ['orphanDependents', 'bool?'],
  4: ['propagationPolicy', 'string?'],
  5: ['dryRun', 'strings'],
};

/** The messages that clients send, by apiVersion and kind; DeleteOptions come in any version. */
export const MESSAGES: Readonly<Record<string, Message>> = {
  'v1/Namespace': namespace,
  'v1/Secret': secret,
  'v1/ConfigMap': configMap,
  'v1/Event': event,
  'events.k8s.io/v1/Event': newEvent,
  'coordination.k8s.io/v1/Lease': lease,
  'authorization.k8s.io/v1/SelfSubjectAccessReview': accessReview,
  'authorization.k8s.io/v1/SelfSubjectRulesReview': rulesReview,
  'authentication.k8s.io/v1/SelfSubjectReview': { 1: metadata },
  DeleteOptions: deleteOptions,
};
