/** A field of a message. */
export interface Field {
  readonly name: string;
  /** A scalar, or the name of another message. */
  readonly type: string;
  readonly isList: boolean;
}

/** The fields of a message by their number. */
export type Message = ReadonlyMap<number, Field>;

/*
 * Fields stand in the order of their numbers, with a dash for a number that is not read. Behind a colon
 * stands the type; a field without one is a text. With `?`, a zero value is kept: pointers in Go, and
 * items of lists.
 */
const LAYOUTS: Readonly<Record<string, string>> = {
  Envelope: 'typeMeta:TypeMeta raw:bytes',
  TypeMeta: 'apiVersion kind',
  Time: 'seconds:int nanos:int',
  StringEntry: 'key value',
  BytesEntry: 'key value:bytes',
  ObjectMeta: `name generateName namespace - uid resourceVersion generation:int
    creationTimestamp:time deletionTimestamp:time deletionGracePeriodSeconds:int?
    labels:stringMap annotations:stringMap ownerReferences:OwnerReference[] finalizers:string?[]`,
  OwnerReference: 'kind - name uid apiVersion controller:bool? blockOwnerDeletion:bool?',
  ObjectReference: 'kind namespace name uid apiVersion resourceVersion fieldPath',

  'v1/Namespace': 'metadata:ObjectMeta spec:NamespaceSpec status:NamespaceStatus',
  NamespaceSpec: 'finalizers:string?[]',
  NamespaceStatus: 'phase conditions:NamespaceCondition[]',
  NamespaceCondition: 'type status - lastTransitionTime:time reason message',

  'v1/Secret': 'metadata:ObjectMeta data:bytesMap type stringData:stringMap immutable:bool?',
  'v1/ConfigMap': 'metadata:ObjectMeta data:stringMap binaryData:bytesMap immutable:bool?',

  'v1/Event': `metadata:ObjectMeta involvedObject:ObjectReference reason message source:EventSource
    firstTimestamp:time lastTimestamp:time count:int type eventTime:microTime series:EventSeries
    action related:ObjectReference reportingComponent reportingInstance`,
  'events.k8s.io/v1/Event': `metadata:ObjectMeta eventTime:microTime series:EventSeries
    reportingController reportingInstance action reason regarding:ObjectReference
    related:ObjectReference note type deprecatedSource:EventSource deprecatedFirstTimestamp:time
    deprecatedLastTimestamp:time deprecatedCount:int`,
  EventSource: 'component host',
  EventSeries: 'count:int lastObservedTime:microTime',

  'coordination.k8s.io/v1/Lease': 'metadata:ObjectMeta spec:LeaseSpec',
  LeaseSpec: `holderIdentity:string? leaseDurationSeconds:int? acquireTime:microTime
    renewTime:microTime leaseTransitions:int? strategy:string? preferredHolder:string?`,

  'authentication.k8s.io/v1/SelfSubjectReview': 'metadata:ObjectMeta',
  'authorization.k8s.io/v1/SelfSubjectRulesReview': 'metadata:ObjectMeta spec:RulesReviewSpec',
  RulesReviewSpec: 'namespace',
  'authorization.k8s.io/v1/SelfSubjectAccessReview': 'metadata:ObjectMeta spec:AccessReviewSpec',
  AccessReviewSpec: `resourceAttributes:ResourceAttributes
    nonResourceAttributes:NonResourceAttributes`,
  ResourceAttributes: 'namespace verb group version resource subresource name',
  NonResourceAttributes: 'path verb',

  DeleteOptions: `gracePeriodSeconds:int? preconditions:Preconditions orphanDependents:bool?
    propagationPolicy:string? dryRun:string?[]`,
  Preconditions: 'uid:string? resourceVersion:string?',
};

function messageOf(layout: string): Message {
  const fields = layout.split(/\s+/).map((word, index): [number, Field] => {
    const [name = '-', type = 'string'] = word.split(':');
    return [index + 1, { name, type: type.replace('[]', ''), isList: type.endsWith('[]') }];
  });
  return new Map(fields.filter(([, { name }]) => name !== '-'));
}

/**
 * The messages that clients send, by apiVersion and kind, and those that they consist of, by name.
 * DeleteOptions come in any version.
 */
export const MESSAGES: ReadonlyMap<string, Message> = new Map(
  Object.entries(LAYOUTS).map(([name, layout]) => [name, messageOf(layout)]),
);
