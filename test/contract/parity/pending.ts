import type { Excuse } from './exemptions.ts';

/** Differences that are being worked on: whoever ends one takes its line away. */
export const PENDING: readonly Excuse[] = [
  {
    why: 'Items of lists of built-in kinds carry apiVersion and kind.',
    fits: [
      { at: '*.body.items.*.apiVersion', real: '(missing)' },
      { at: '*.body.items.*.kind', real: '(missing)' },
    ],
  },
  {
    why: 'An empty list of our kinds lacks `continue: ""`.',
    fits: [{ at: '*.metadata.continue', ours: '(missing)', real: '*' }],
  },
  {
    why: 'The extra cause "some validation rules were not checked" is missing.',
    fits: [{ at: '*.causes.<nil>: *' }],
  },
  {
    why: 'Refusals by CEL rules say `Invalid value: "object": …`.',
    fits: [
      { at: '*.causes.*: Invalid value: "object": *', real: '(missing)' },
      { at: '*.causes.spec: Invalid value: *', ours: '(missing)' },
    ],
  },
  {
    why: 'Lengths are told in characters, not in bytes.',
    fits: [
      { at: '*must be no more than 63 *' },
      { at: '*.message', real: '*no more than 63 bytes*' },
    ],
  },
  {
    why: 'Empty optional parts of events (times, source, reporting) are left out.',
    fits: [
      { at: '*Time*', ours: '(missing)', real: 'null' },
      { at: '*stamp', ours: '(missing)', real: 'null' },
      { at: '*.body.*reporting*', ours: '(missing)', real: '""' },
      { at: '*.body.source', ours: '(missing)', real: '{}' },
    ],
  },
  {
    why: 'Refused options are not named by kind and group (`CreateOptions.meta.k8s.io`).',
    fits: [
      { at: '*.details.group', real: '"meta.k8s.io"' },
      { at: '*.details.kind', real: '"*Options"' },
      { at: '*.message', real: '"*Options.meta.k8s.io *' },
    ],
  },
  {
    why: 'Unsupported options are listed otherwise.',
    fits: [{ at: '*.causes.*: Unsupported value: *' }],
  },
  {
    why: 'An empty name stands in the details of a Status.',
    fits: [{ at: '*.details.name', ours: '""' }],
  },
  {
    why: 'A patch of the wrong type, or refused by Strict, is a 400 and no 422 about `patch`.',
    fits: [{ at: '*.status', real: '"422 \\" \\\\\\"\\\\\\" is invalid*patch: Invalid value*' }],
  },
  {
    why: 'Refusals of PUTs without a revision name the kind, and say 0x0.',
    fits: [
      { at: '*.causes.metadata.resourceVersion: *' },
      { at: '*.details.kind', ours: '"OSLayer"', real: '"oslayers"' },
      { at: '*.message', real: '"oslayers.lamina.dev *' },
      { where: 'built-in kinds: Lease: changed and shown', at: '1.body.*' },
    ],
  },
  {
    why: 'A namespace that is being deleted has `deletionGracePeriodSeconds`.',
    fits: [{ at: '*.deletionGracePeriodSeconds', ours: '0' }],
  },
  {
    why: 'A path that is not served is told by path alone, without group and kind of the object.',
    fits: [{ at: '*.details', ours: '(missing)', real: '{}' }],
  },
  {
    why: 'generateName itself is not judged.',
    fits: [{ where: 'metadata and writes: generateName must begin a valid name' }],
  },
  {
    why: 'A revision on creation is a 400 (real: 500).',
    fits: [{ where: 'metadata and writes: resourceVersion cannot be chosen' }],
  },
  {
    why: 'Label keys are told as qualified names.',
    fits: [{ where: 'metadata and writes: labels have a syntax' }],
  },
  {
    why: 'null in a map of texts is refused.',
    fits: [
      { where: 'metadata and writes: a null label is an empty one' },
      { where: 'validation: a null in a map of a built-in' },
    ],
  },
  {
    why: 'Finalizers without a domain are taken.',
    fits: [{ where: 'metadata and writes: finalizers have a syntax' }],
  },
  {
    why: 'Owner references are told with their index.',
    fits: [{ where: 'metadata and writes: an owner reference is complete' }],
  },
  {
    why: 'The apiVersion of an owner is not judged.',
    fits: [{ where: 'metadata and writes: an owner has a good apiVersion' }],
  },
  {
    why: 'Events may own.',
    fits: [{ where: 'metadata and writes: an Event owns nothing' }],
  },
  {
    why: 'Two controllers are told in other words.',
    fits: [{ where: 'metadata and writes: one controller is enough' }],
  },
  {
    why: 'Doubled owner references stay, without a warning.',
    fits: [{ where: 'metadata and writes: owner references may be doubled, with a warning' }],
  },
  {
    why: 'The default of the status is stored on creation, not with the first write.',
    fits: [{ where: 'metadata and writes: a write that changes nothing leaves the revision' }],
  },
  {
    why: 'A revision that is no number is a conflict.',
    fits: [{ where: 'metadata and writes: a revision that is no number' }],
  },
  {
    why: 'A revision of null is taken for our kinds.',
    fits: [{ where: 'metadata and writes: a revision of null in a patch' }],
  },
  {
    why: 'Another uid in a patch is a 409 (real: 422), with other words.',
    fits: [{ where: 'metadata and writes: another uid is a conflict' }],
  },
  {
    why: 'A body without a name is taken.',
    fits: [{ where: 'metadata and writes: the name of the body is that of the path' }],
  },
  {
    why: 'A namespace in the body of a cluster object is refused.',
    fits: [{ where: 'metadata and writes: the namespace of a body at cluster scope' }],
  },
  {
    why: 'Another kind or version in the body is told otherwise.',
    fits: [{ where: 'metadata and writes: the kind of the body is that of the path' }],
  },
  {
    why: 'A body without kind is told otherwise.',
    fits: [{ where: 'metadata and writes: a body without kind' }],
  },
  {
    why: 'Another creationTimestamp is refused.',
    fits: [
      { where: 'metadata and writes: another creationTimestamp in a PUT' },
      { where: 'metadata and writes: another creationTimestamp of our kinds' },
    ],
  },
  {
    why: 'Writes of deletionTimestamp and grace are told otherwise.',
    fits: [{ where: 'metadata and writes: a deletionTimestamp cannot be set by a write' }],
  },
  {
    why: 'A bad fieldManager is a 400 (real: 422).',
    fits: [{ where: 'metadata and writes: fieldManager has a syntax' }],
  },
  {
    why: 'Label selectors: `>` and `<` are not known, and some refusals have other words.',
    fits: [{ where: 'reading: labels: *' }],
  },
  {
    why: 'Fields that cannot be selected are told otherwise for built-in kinds.',
    fits: [{ where: 'reading: fields that cannot be selected' }],
  },
  {
    why: '`=` in the value of a field selector is taken.',
    fits: [{ where: 'reading: field selectors have a syntax' }],
  },
  {
    why: 'A negative limit is refused.',
    fits: [{ where: 'reading: limits that are none' }],
  },
  {
    why: 'A bad token is told in other words.',
    fits: [{ where: 'reading: a token that is none' }],
  },
  {
    why: 'A token with `resourceVersion=0` goes on (real: the limit is ignored).',
    fits: [{ where: 'reading: a token beside a revision' }],
  },
  {
    why: 'An exact revision with a limit and no match shows the present.',
    fits: [{ where: 'reading: exactly one revision' }],
  },
  {
    why: 'A bad resourceVersionMatch is a 400 (real: 422).',
    fits: [{ where: 'reading: resourceVersionMatch has rules' }],
  },
  {
    why: 'A bad includeObject is told in other words.',
    fits: [{ where: 'reading: tables with whole objects or none' }],
  },
  {
    why: '`application/*` is accepted (real: 406).',
    fits: [{ where: 'reading: accept: application/*' }],
  },
  {
    why: '`q=0` is heeded.',
    fits: [{ where: 'reading: accept: application/json;q=0' }],
  },
  {
    why: 'Tables of v1beta1 are not made.',
    fits: [{ where: 'reading: accept: application/json;as=Table;v=v1beta1;g=meta.k8s.io' }],
  },
  {
    why: 'The last event of an object with finalizers lacks them, and has its revision in the answer of the write.',
    fits: [{ where: 'watch: the last event of a finalizer*' }],
  },
  {
    why: 'A table after the first has empty columns (real: null).',
    fits: [{ where: 'watch: tables' }],
  },
  {
    why: 'sendInitialEvents is judged otherwise, and not at all in lists.',
    fits: [{ where: 'watch: initial events need their match' }],
  },
  {
    why: 'A bad revision of a watch is a 400 (real: 500).',
    fits: [{ where: 'watch: a revision that is none' }],
  },
  {
    why: 'Bad selectors are told in other words.',
    fits: [{ where: 'watch: a bad selector' }],
  },
  {
    why: '`/watch/` paths are not served.',
    fits: [{ where: 'watch: the old path of watches' }],
  },
  {
    why: 'JSON patch: null, missing values, missing keys and negative indexes are refused where the real server takes them.',
    fits: [{ where: 'patches: JSON patch: *' }],
  },
  {
    why: 'Empty maps are stored.',
    fits: [{ where: 'patches: merge: keys come and go' }],
  },
  {
    why: 'Patches that leave a wrong type are a 400.',
    fits: [{ where: 'patches: merge: wrong types' }],
  },
  {
    why: 'A patch that is no map is told otherwise.',
    fits: [{ where: 'patches: merge: what is no map' }],
  },
  {
    why: 'Strict patches are a 400; the default of the status is stored on creation.',
    fits: [{ where: 'patches: merge: unknown fields' }],
  },
  {
    why: 'Another kind in a patch is a 400; the default of the status is stored on creation.',
    fits: [{ where: 'patches: merge: rules of our kinds' }],
  },
  {
    why: 'Strategic merge: unknown directives, order of sets, items without key, and refusals differ.',
    fits: [{ where: 'patches: strategic: *' }],
  },
  {
    why: 'Patches of another format: the refusal lists formats.',
    fits: [{ where: 'patches: other formats' }],
  },
  {
    why: 'The last write of a deleted object shows a revision of its own; new finalizers are told once.',
    fits: [
      { where: 'patches: a patch of the finalizers of what is being deleted' },
      { where: 'deletion and garbage collection: a finalizer holds*' },
    ],
  },
  {
    why: '`force` without apply is taken.',
    fits: [{ where: 'patches: force is for apply alone' }],
  },
  {
    why: 'Bodies that are none: some words, `null`, and warnings about doubled keys differ.',
    fits: [{ where: 'validation: a body of *' }],
  },
  {
    why: 'Our kinds: null in maps, enum with wrong type or length, list items of wrong type are judged otherwise.',
    fits: [{ where: 'validation: OSLayer: *' }],
  },
  {
    why: 'An enum is not judged where the type is wrong.',
    fits: [{ where: 'validation: ConnectorConfig: an enum of another type' }],
  },
  {
    why: '`enum: [on, off]` in the CRD is read as booleans; paths of fields below the status.',
    fits: [{ where: 'validation: a rule about the old value' }],
  },
  {
    why: 'Strict misses unknown fields below the status.',
    fits: [
      { where: 'validation: unknown fields are refused by Strict' },
      { where: 'validation: Strict sees unknown fields below the status' },
    ],
  },
  {
    why: 'Strict is judged after the schema.',
    fits: [{ where: 'validation: Strict and a wrong value' }],
  },
  {
    why: 'A status that is no map is dropped; paths of fields below it.',
    fits: [{ where: 'subresources: a status that is wrong' }],
  },
  {
    why: 'The default of the status is stored on creation.',
    fits: [{ where: 'subresources: a wrong spec by way of the status' }],
  },
  {
    why: 'A method that a status lacks is told otherwise.',
    fits: [{ where: 'subresources: methods of a status' }],
  },
  {
    why: 'Subresources that are not there are told by path alone.',
    fits: [{ where: 'subresources: other subresources' }],
  },
  {
    why: 'The phase of a namespace can be written.',
    fits: [{ where: 'subresources: the status of a namespace' }],
  },
  {
    why: 'Preconditions are told in other words.',
    fits: [{ where: 'deletion and garbage collection: preconditions' }],
  },
  {
    why: 'DeleteOptions: grace, and both orphanDependents and a policy, are not judged.',
    fits: [{ where: 'deletion and garbage collection: options of wrong form' }],
  },
  {
    why: 'DeleteOptions in the query: grace is not judged.',
    fits: [{ where: 'deletion and garbage collection: options in the query' }],
  },
  {
    why: 'The last write of a deleted object shows a revision of its own.',
    fits: [
      {
        where: 'deletion and garbage collection: foreground: the owner waits for those that block',
      },
    ],
  },
  {
    why: 'Deletion of many: limit and preconditions are ignored, and the answer shows objects after the deletion.',
    fits: [{ where: 'deletion and garbage collection: many*' }],
  },
  {
    why: 'Dots in names of namespaces are told otherwise.',
    fits: [{ where: 'namespaces: names are those of DNS labels' }],
  },
  {
    why: 'Finalizers in the spec of a namespace are ignored.',
    fits: [{ where: 'namespaces: finalizers of its spec' }],
  },
  {
    why: 'Namespaces that end have one condition (real: five).',
    fits: [
      { where: 'namespaces: nothing is made in one that ends' },
      { where: 'namespaces: what ends is told by conditions' },
      { where: 'namespaces: a finalizer of its metadata holds it' },
    ],
  },
  {
    why: 'POST of our kinds without a namespace is a 405 (real: 404).',
    fits: [{ where: 'namespaces: objects of a namespace are not made without it' }],
  },
  {
    why: 'ConfigMaps: empty maps are stored, and the field of a size is told otherwise.',
    fits: [{ where: 'built-in kinds: ConfigMap: *' }],
  },
  {
    why: 'Secrets: null, line breaks in base64, and the keys that types require.',
    fits: [{ where: 'built-in kinds: Secret: *' }],
  },
  {
    why: 'Leases: times need six digits, numbers 32 bits; strategies are not known; an empty spec.',
    fits: [{ where: 'built-in kinds: Lease: *' }],
  },
  {
    why: 'A PUT never makes an object (real: it does for leases and events).',
    fits: [{ where: 'built-in kinds: a PUT makes what is not there' }],
  },
  {
    why: 'Events of the new style are not judged.',
    fits: [{ where: 'built-in kinds: Event: new style with something missing' }],
  },
  {
    why: 'An empty type of an event is stored.',
    fits: [{ where: 'built-in kinds: Event: another type' }],
  },
  {
    why: '`events.k8s.io` is not served.',
    fits: [{ where: 'built-in kinds: Event: the newer group' }],
  },
  {
    why: 'A slash at the end is a 404.',
    fits: [
      { where: 'discovery and wire: version' },
      { where: 'discovery and wire: the versions of core' },
      { where: 'discovery and wire: groups' },
      { where: 'discovery and wire: our group' },
      { where: 'discovery and wire: slashes at the end' },
    ],
  },
  {
    why: 'Slash at the end; the order of verbs.',
    fits: [{ where: 'discovery and wire: our kinds' }],
  },
  {
    why: 'Aggregated discovery: the order of verbs, empty group and version of response kinds, caching.',
    fits: [{ where: 'discovery and wire: aggregated discovery of *' }],
  },
  {
    why: 'OpenAPI v3 is not that of CustomResourceDefinitions: parameters, actions, answers.',
    fits: [{ where: 'discovery and wire: OpenAPI v3: *' }],
  },
  {
    why: 'Single checks are not served.',
    fits: [
      { where: 'discovery and wire: health' },
      { where: 'discovery and wire: health in words' },
    ],
  },
  {
    why: 'The root is not served.',
    fits: [{ where: 'discovery and wire: the root' }],
  },
  {
    why: 'Methods that HTTP does not know are a 400 without a body.',
    fits: [{ where: 'discovery and wire: methods that are not there' }],
  },
  {
    why: 'Discovery, health and OpenAPI answer GET alone.',
    fits: [{ where: 'discovery and wire: methods of what is not about objects' }],
  },
  {
    why: 'HEAD of health is a 405.',
    fits: [{ where: 'discovery and wire: HEAD' }],
  },
  {
    why: 'Health answers a wrong token.',
    fits: [{ where: 'discovery and wire: no token, or another' }],
  },
  {
    why: 'Bodies that are too large are told in other words.',
    fits: [{ where: 'discovery and wire: a body of *' }],
  },
  {
    why: 'Objects of more than 1.5 MiB are taken.',
    fits: [{ where: 'discovery and wire: an object of 2 MiB' }],
  },
  {
    why: 'SelfSubjectReview lacks times.',
    fits: [{ where: 'discovery and wire: impersonation' }],
  },
  {
    why: 'Reviews without attributes or namespace are answered.',
    fits: [{ where: 'discovery and wire: reviews of access' }],
  },
];
