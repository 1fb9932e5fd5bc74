import type { Excuse } from './exemptions.ts';

/** What differs wherever it is seen. */
const FIELDS: readonly Excuse[] = [
  {
    why: 'Owners of fields: `source` of events counts as said, and what the collector of garbage removes from an object stays owned.',
    fits: [
      { at: '*.fieldsV1.f:source..' },
      { where: 'deletion and garbage collection: *', at: '*.managedFields*', real: '(missing)' },
    ],
  },
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
    fits: [{ at: '*.causes.*: Invalid value: "object": *', real: '(missing)' }],
  },
  {
    why: 'Lengths are told in characters, not in bytes.',
    fits: [{ at: '*.message', real: '*no more than 63 bytes*' }],
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
      { at: '*.message', real: '"*Options.meta.k8s.io *' },
    ],
  },
  {
    why: 'Unsupported options are listed otherwise.',
    fits: [{ at: '*.causes.*: Unsupported value: *' }],
  },
  {
    why: 'Refusals of PUTs without a revision name the kind, and say 0x0.',
    fits: [{ at: '*.message', real: '"oslayers.lamina.dev *' }],
  },
  {
    why: 'A namespace that is being deleted has `deletionGracePeriodSeconds`.',
    fits: [{ at: '*.deletionGracePeriodSeconds', ours: '0' }],
  },
  {
    why: 'A path that is not served is told by path alone, without group and kind of the object.',
    fits: [{ at: '*.details', ours: '(missing)', real: '{}' }],
  },
];

/** What differs in a case, by the group of the case. */
const CASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'metadata and writes': {
    'a write that changes nothing leaves the revision':
      'The default of the status is stored on creation, not with the first write.',
    'another uid is a conflict': 'Another uid in a patch is a 409 (real: 422), with other words.',
    'the kind of the body is that of the path':
      'Another kind or version in the body is told otherwise.',
    'a body without kind': 'A body without kind is told otherwise.',
    'another creationTimestamp of our kinds': 'Another creationTimestamp is refused.',
  },
  validation: {
    'a body of *':
      'Bodies that are none: some words, `null`, and warnings about doubled keys differ.',
    'OSLayer: *':
      'Our kinds: null in maps, enum with wrong type or length, list items of wrong type are judged otherwise.',
    'Strict sees unknown fields below the status': 'Strict misses unknown fields below the status.',
    'Strict and a wrong value': 'Strict is judged after the schema.',
  },
  reading: {
    'labels: *': 'Label selectors: `>` and `<` are not known, and some refusals have other words.',
    'fields that cannot be selected':
      'Fields that cannot be selected are told otherwise for built-in kinds.',
    'field selectors have a syntax': '`=` in the value of a field selector is taken.',
    'limits that are none': 'A negative limit is refused.',
    'a token that is none': 'A bad token is told in other words.',
    'a token beside a revision':
      'A token with `resourceVersion=0` goes on (real: the limit is ignored).',
    'exactly one revision': 'An exact revision with a limit and no match shows the present.',
    'resourceVersionMatch has rules': 'A bad resourceVersionMatch is a 400 (real: 422).',
    'tables with whole objects or none': 'A bad includeObject is told in other words.',
    'accept: application/*': '`application/*` is accepted (real: 406).',
    'accept: application/json;q=0': '`q=0` is heeded.',
    'accept: application/json;as=Table;v=v1beta1;g=meta.k8s.io': 'Tables of v1beta1 are not made.',
  },
  watch: {
    'the last event of a finalizer*':
      'The last event of an object with finalizers lacks them, and has its revision in the answer of the write.',
    tables: 'A table after the first has empty columns (real: null).',
    'initial events need their match':
      'sendInitialEvents is judged otherwise, and not at all in lists.',
    'a revision that is none': 'A bad revision of a watch is a 400 (real: 500).',
    'a bad selector': 'Bad selectors are told in other words.',
    'the old path of watches': '`/watch/` paths are not served.',
  },
  patches: {
    'JSON patch: *':
      'JSON patch: null, missing values, missing keys and negative indexes are refused where the real server takes them.',
    'merge: wrong types': 'Patches that leave a wrong type are a 400.',
    'merge: what is no map': 'A patch that is no map is told otherwise.',
    'merge: unknown fields':
      'Strict patches are a 400; the default of the status is stored on creation.',
    'merge: rules of our kinds':
      'Another kind in a patch is a 400; the default of the status is stored on creation.',
    'strategic: *':
      'Strategic merge: unknown directives, order of sets, items without key, and refusals differ.',
    'other formats': 'Patches of another format: the refusal lists formats.',
    'a patch of the finalizers of what is being deleted':
      'The last write of a deleted object shows a revision of its own; new finalizers are told once.',
  },
  'deletion and garbage collection': {
    'an owner of a version that is not served':
      'An owner of a version that is not served takes its dependents with it.',
    'a finalizer holds*':
      'The last write of a deleted object shows a revision of its own; new finalizers are told once.',
    preconditions: 'Preconditions are told in other words.',
    'options of wrong form':
      'DeleteOptions: grace, and both orphanDependents and a policy, are not judged.',
    'options in the query': 'DeleteOptions in the query: grace is not judged.',
    'foreground: the owner waits for those that block':
      'The last write of a deleted object shows a revision of its own.',
    'many*':
      'Deletion of many: limit and preconditions are ignored, and the answer shows objects after the deletion.',
  },
  subresources: {
    'a status that is wrong': 'A status that is no map is dropped; paths of fields below it.',
    'a wrong spec by way of the status': 'The default of the status is stored on creation.',
    'methods of a status': 'A method that a status lacks is told otherwise.',
    'other subresources': 'Subresources that are not there are told by path alone.',
    'the status of a namespace': 'The phase of a namespace can be written.',
  },
  namespaces: {
    'names are those of DNS labels': 'Dots in names of namespaces are told otherwise.',
    'finalizers of its spec': 'Finalizers in the spec of a namespace are ignored.',
    'nothing is made in one that ends': 'Namespaces that end have one condition (real: five).',
    'what ends is told by conditions': 'Namespaces that end have one condition (real: five).',
    'a finalizer of its metadata holds it': 'Namespaces that end have one condition (real: five).',
    'objects of a namespace are not made without it':
      'POST of our kinds without a namespace is a 405 (real: 404).',
  },
  'built-in kinds': {
    'Secret: *': 'Secrets: null, line breaks in base64, and the keys that types require.',
    'Lease: *':
      'Leases: times need six digits, numbers 32 bits; strategies are not known; an empty spec.',
    'a PUT makes what is not there':
      'A PUT never makes an object (real: it does for leases and events).',
    'Event: new style with something missing': 'Events of the new style are not judged.',
    'Event: another type': 'An empty type of an event is stored.',
    'Event: the newer group': '`events.k8s.io` is not served.',
  },
  protobuf: {
    'another kind than that of the path': 'Another kind or version in the body is told otherwise.',
  },
  'discovery and wire': {
    version: 'A slash at the end is a 404.',
    'the versions of core': 'A slash at the end is a 404.',
    groups: 'A slash at the end is a 404.',
    'our group': 'A slash at the end is a 404.',
    'slashes at the end': 'A slash at the end is a 404.',
    'our kinds': 'Slash at the end; the order of verbs.',
    'aggregated discovery of *':
      'Aggregated discovery: the order of verbs, empty group and version of response kinds, caching.',
    'OpenAPI v3: *':
      'OpenAPI v3 is not that of CustomResourceDefinitions: parameters, actions, answers.',
    health: 'Single checks are not served.',
    'health in words': 'Single checks are not served.',
    'the root': 'The root is not served.',
    'methods that are not there': 'Methods that HTTP does not know are a 400 without a body.',
    'methods of what is not about objects': 'Discovery, health and OpenAPI answer GET alone.',
    HEAD: 'HEAD of health is a 405.',
    'no token, or another': 'Health answers a wrong token.',
    'a body of *': 'Bodies that are too large are told in other words.',
    'an object of 2 MiB': 'Objects of more than 1.5 MiB are taken.',
    impersonation: 'SelfSubjectReview lacks times.',
    'reviews of access': 'Reviews without attributes or namespace are answered.',
  },
};

/** Differences that are being worked on: whoever ends one takes its line away. */
export const PENDING: readonly Excuse[] = [
  ...FIELDS,
  ...Object.entries(CASES).flatMap(([group, cases]) =>
    Object.entries(cases).map(([plan, why]) => ({ why, fits: [{ where: `${group}: ${plan}` }] })),
  ),
];
