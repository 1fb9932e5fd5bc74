import type { Excuse } from './exemptions.ts';

/** What differs wherever it is seen. */
const FIELDS: readonly Excuse[] = [
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
    why: 'Unsupported options are listed otherwise.',
    fits: [{ at: '*.causes.*: Unsupported value: *' }],
  },
  {
    why: 'Refusals of PUTs without a revision name the kind, and say 0x0.',
    fits: [{ at: '*.message', real: '"oslayers.lamina.dev *' }],
  },
  {
    why: 'A path that is not served is told by path alone, without group and kind of the object.',
    fits: [{ at: '*.details', ours: '(missing)', real: '{}' }],
  },
];

/** What differs in a case, by the group of the case. */
const CASES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  namespaces: {
    'names are those of DNS labels': 'Dots in names of namespaces are told otherwise.',
  },
  'discovery and wire': {
    'an object of 2 MiB': 'Objects of more than 1.5 MiB are taken.',
  },
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
  },
  subresources: {
    'a status that is wrong': 'A status that is no map is dropped; paths of fields below it.',
    'a wrong spec by way of the status': 'The default of the status is stored on creation.',
    'methods of a status': 'A method that a status lacks is told otherwise.',
    'other subresources': 'Subresources that are not there are told by path alone.',
    'the status of a namespace': 'The phase of a namespace can be written.',
  },
  'built-in kinds': {
    'Secret: *': 'Secrets: null, line breaks in base64, and the keys that types require.',
    'Lease: *':
      'Leases: times need six digits, numbers 32 bits; strategies are not known; an empty spec.',
    'a PUT makes what is not there':
      'A PUT never makes an object (real: it does for leases and events).',
    'Event: another type': 'An empty type of an event is stored.',
  },
  protobuf: {
    'another kind than that of the path': 'Another kind or version in the body is told otherwise.',
  },
};

/** Differences that are being worked on: whoever ends one takes its line away. */
export const PENDING: readonly Excuse[] = [
  ...FIELDS,
  ...Object.entries(CASES).flatMap(([group, cases]) =>
    Object.entries(cases).map(([plan, why]) => ({ why, fits: [{ where: `${group}: ${plan}` }] })),
  ),
];
