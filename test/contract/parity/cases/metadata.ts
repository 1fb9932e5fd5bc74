import { asking, get, merge, post, put, remove, type Group } from '../case.ts';
import { CONFIG_MAPS, configMap, NAMESPACES, OS_LAYERS, osLayer, owner } from '../objects.ts';

const A = `${CONFIG_MAPS}/a`;
const L = `${OS_LAYERS}/a`;
const OTHER_UID = '11111111-2222-3333-4444-555555555555';

/** A metadata that must be refused, or be taken, on creation. */
function created(why: string, metadata: Readonly<Record<string, unknown>>) {
  return asking(
    why,
    post(CONFIG_MAPS, configMap('a', {}, metadata)),
    post(OS_LAYERS, osLayer('a', {}, metadata)),
  );
}

/** What objects carry whatever their kind, and what a write may change of it. */
export const METADATA: Group = {
  name: 'metadata and writes',
  cases: [
    asking(
      'a created object is answered and read alike',
      post(CONFIG_MAPS, configMap('a', { data: { k: 'v' } })),
      get(A),
      post(OS_LAYERS, osLayer('a')),
      get(L),
    ),
    asking('a name is needed', post(CONFIG_MAPS, configMap('')), post(OS_LAYERS, osLayer(''))),
    asking(
      'a name that is taken is a conflict',
      post(CONFIG_MAPS, configMap('a')),
      post(CONFIG_MAPS, configMap('a')),
      post(OS_LAYERS, osLayer('a')),
      post(OS_LAYERS, osLayer('a')),
    ),
    asking(
      'a uid of the client is replaced',
      post(CONFIG_MAPS, configMap('a', {}, { uid: OTHER_UID })),
      post(OS_LAYERS, osLayer('a', {}, { uid: OTHER_UID })),
    ),
    asking(
      'a name is made from generateName',
      post(CONFIG_MAPS, { ...configMap(''), metadata: { generateName: 'gen-' } }),
      post(OS_LAYERS, { ...osLayer(''), metadata: { generateName: 'gen-' } }),
    ),
    asking(
      'generateName beside a name changes nothing',
      post(CONFIG_MAPS, configMap('a', {}, { generateName: 'gen-' })),
    ),
    asking(
      'generateName must begin a valid name',
      post(CONFIG_MAPS, { ...configMap(''), metadata: { generateName: 'Gen_' } }),
      post(OS_LAYERS, { ...osLayer(''), metadata: { generateName: 'Gen_' } }),
    ),
    asking(
      'resourceVersion cannot be chosen',
      post(CONFIG_MAPS, configMap('a', {}, { resourceVersion: '5' })),
      post(OS_LAYERS, osLayer('a', {}, { resourceVersion: '5' })),
    ),
    asking(
      'fields that the server sets cannot be chosen',
      post(
        OS_LAYERS,
        osLayer('a', {}, { generation: 7, creationTimestamp: '2001-01-01T00:00:00Z' }),
      ),
      post(CONFIG_MAPS, configMap('a', {}, { deletionTimestamp: '2001-01-01T00:00:00Z' })),
      post(OS_LAYERS, osLayer('b', {}, { selfLink: '/x' })),
    ),
    created('a name with capitals is refused', { name: 'Abc' }),
    created('a name of 254 characters is refused', { name: 'a'.repeat(254) }),
    created('a name with a slash is refused', { name: 'a/b' }),
    created('names of dots are refused', { name: '..' }),
    created('labels have a syntax', { labels: { 'a b': 'x', ok: 'not ok!', 'a/b/c': '' } }),
    created('the longest label value is 63 characters', { labels: { a: 'x'.repeat(64) } }),
    created('label keys may have a domain', { labels: { 'example.com/a': 'x', b: '' } }),
    created('annotation keys have a syntax', { annotations: { 'a b': 'x', '/x': '' } }),
    created('annotations are limited in all', { annotations: { a: 'x'.repeat(262_145) } }),
    created('labels are texts', { labels: { a: 1 } }),
    created('labels are a map', { labels: ['a'] }),
    created('a null label is an empty one', { labels: { a: null } }),
    created('null maps are none', { labels: null, annotations: null, finalizers: null }),
    created('finalizers have a syntax', { finalizers: ['a b', 'unqualified', 'lamina.dev/ok'] }),
    created('finalizers keep their order', { finalizers: ['lamina.dev/b', 'lamina.dev/a'] }),
    created('metadata may be unknown in part', { nothing: 1 }),
    created('an owner reference is complete', {
      ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: '' }],
    }),
    created('an owner has a good apiVersion', {
      ownerReferences: [{ apiVersion: 'a/b/c', kind: 'K', name: 'n', uid: 'u' }],
    }),
    created('an Event owns nothing', {
      ownerReferences: [{ apiVersion: 'v1', kind: 'Event', name: 'n', uid: 'u' }],
    }),
    created('one controller is enough', {
      ownerReferences: ['u', 'w'].map((uid) => owner('n', uid, { controller: true })),
    }),
    created('owner references may be doubled, with a warning', {
      ownerReferences: ['u', 'u'].map((uid) => owner('n', uid, { blockOwnerDeletion: false })),
    }),
    asking(
      'generation rises with the spec alone',
      post(OS_LAYERS, osLayer('a')),
      merge(L, { metadata: { labels: { a: 'b' } } }),
      merge(L, { spec: { displayName: 'x' } }),
      merge(`${L}/status`, { status: { observedGeneration: 1 } }),
      get(L),
    ),
    asking(
      'a write that changes nothing leaves the revision',
      post(CONFIG_MAPS, configMap('a', { data: { k: 'v' } })),
      merge(A, { data: { k: 'v' } }),
      put(A, configMap('a', { data: { k: 'v' } })),
      post(OS_LAYERS, osLayer('a')),
      merge(L, {}),
      get(L),
    ),
    asking(
      'a stale revision is a conflict',
      post(CONFIG_MAPS, configMap('a')),
      merge(A, { data: { a: 'b' } }),
      put(A, configMap('a', {}, { resourceVersion: '{0.metadata.resourceVersion}' })),
      merge(A, { metadata: { resourceVersion: '{0.metadata.resourceVersion}' } }),
      merge(A, { metadata: { resourceVersion: '{1.metadata.resourceVersion}' }, data: null }),
    ),
    asking(
      'a stale revision of our kinds is a conflict',
      post(OS_LAYERS, osLayer('a')),
      merge(L, { spec: { displayName: 'b' } }),
      put(L, osLayer('a', {}, { resourceVersion: '{0.metadata.resourceVersion}' })),
      put(L, osLayer('a', {}, { resourceVersion: '{1.metadata.resourceVersion}' })),
    ),
    asking(
      'a PUT without a revision',
      post(CONFIG_MAPS, configMap('a')),
      put(A, configMap('a', { data: { a: 'b' } })),
      post(OS_LAYERS, osLayer('a')),
      put(L, osLayer('a')),
    ),
    asking(
      'a revision that is no number',
      post(CONFIG_MAPS, configMap('a')),
      put(A, configMap('a', {}, { resourceVersion: 'abc' })),
      put(A, configMap('a', {}, { resourceVersion: '0' })),
      merge(A, { metadata: { resourceVersion: 'abc' } }),
    ),
    asking(
      'a revision of null in a patch',
      post(CONFIG_MAPS, configMap('a')),
      merge(A, { metadata: { resourceVersion: null } }),
      post(OS_LAYERS, osLayer('a')),
      merge(L, { metadata: { resourceVersion: null } }),
    ),
    asking(
      'another uid is a conflict',
      post(CONFIG_MAPS, configMap('a')),
      put(A, configMap('a', {}, { uid: OTHER_UID })),
      merge(A, { metadata: { uid: OTHER_UID } }),
      post(OS_LAYERS, osLayer('a')),
      merge(L, { metadata: { uid: OTHER_UID } }),
    ),
    asking(
      'the name of the body is that of the path',
      post(CONFIG_MAPS, configMap('a')),
      put(A, configMap('b')),
      put(A, configMap('')),
      merge(A, { metadata: { name: 'b' } }),
      merge(A, { metadata: { name: null } }),
    ),
    asking(
      'the namespace of the body is that of the path',
      post(CONFIG_MAPS, configMap('a', {}, { namespace: 'other' })),
      post(CONFIG_MAPS, configMap('a', {}, { namespace: '{ns}' })),
      put(A, configMap('a', {}, { namespace: 'other' })),
      merge(A, { metadata: { namespace: 'other' } }),
    ),
    asking(
      'the namespace of a body at cluster scope',
      post(NAMESPACES, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: '{ns}-x', namespace: '{ns}' },
      }),
    ),
    asking(
      'the kind of the body is that of the path',
      post(CONFIG_MAPS, { ...configMap('a'), kind: 'Secret' }),
      post(CONFIG_MAPS, { ...configMap('a'), apiVersion: 'v2' }),
      post(OS_LAYERS, { ...osLayer('a'), kind: 'AppLayer' }),
      post(OS_LAYERS, { ...osLayer('a'), apiVersion: 'lamina.dev/v9' }),
    ),
    asking(
      'a body without kind',
      post(CONFIG_MAPS, { metadata: { name: 'a' } }),
      post(OS_LAYERS, { metadata: { name: 'a' }, spec: { versions: [] } }),
    ),
    asking(
      'a PUT of what is not there',
      put(A, configMap('a')),
      put(L, osLayer('a')),
      merge(A, {}),
      remove(A),
    ),
    asking(
      'another creationTimestamp in a PUT',
      post(CONFIG_MAPS, configMap('a')),
      put(A, configMap('a', {}, { creationTimestamp: '2001-01-01T00:00:00Z' })),
      merge(A, { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } }),
      merge(A, { metadata: { creationTimestamp: null } }),
    ),
    asking(
      'another creationTimestamp of our kinds',
      post(OS_LAYERS, osLayer('a')),
      merge(L, { metadata: { creationTimestamp: '2001-01-01T00:00:00Z' } }),
      merge(L, { metadata: { creationTimestamp: null, generation: 9 } }),
    ),
    asking(
      'a deletionTimestamp cannot be set by a write',
      post(CONFIG_MAPS, configMap('a', {}, { finalizers: ['lamina.dev/x'] })),
      merge(A, { metadata: { deletionTimestamp: '2001-01-01T00:00:00Z' } }),
      merge(A, { metadata: { deletionGracePeriodSeconds: 5 } }),
    ),
    asking(
      'a dry run of a creation stores nothing',
      post(`${CONFIG_MAPS}?dryRun=All`, configMap('a')),
      get(A),
      post(`${OS_LAYERS}?dryRun=All`, osLayer('a')),
      get(L),
    ),
    asking(
      'a dry run of a change stores nothing',
      post(CONFIG_MAPS, configMap('a')),
      merge(`${A}?dryRun=All`, { data: { a: 'b' } }),
      put(`${A}?dryRun=All`, configMap('a', { data: { a: 'c' } })),
      remove(`${A}?dryRun=All`),
      get(A),
    ),
    asking(
      'other values of dryRun',
      post(`${CONFIG_MAPS}?dryRun=Some`, configMap('a')),
      post(`${CONFIG_MAPS}?dryRun=`, configMap('b')),
      remove(`${A}?dryRun=true`),
    ),
    asking(
      'other values of fieldValidation',
      post(`${CONFIG_MAPS}?fieldValidation=Maybe`, configMap('a')),
      post(`${OS_LAYERS}?fieldValidation=strict`, osLayer('a')),
    ),
    asking(
      'fieldManager has a syntax',
      post(`${CONFIG_MAPS}?fieldManager=${'x'.repeat(129)}`, configMap('a')),
      post(`${CONFIG_MAPS}?fieldManager=a%0Ab`, configMap('b')),
      post(`${CONFIG_MAPS}?fieldManager=tool`, configMap('c')),
    ),
  ],
};
