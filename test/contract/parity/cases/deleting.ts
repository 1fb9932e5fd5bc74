import { asking, get, merge, post, remove, type Ask, type Group } from '../case.ts';
import { CONFIG_MAPS, configMap, NAMESPACES, OS_LAYERS, osLayer, owner } from '../objects.ts';

const A = `${CONFIG_MAPS}/a`;
const L = `${OS_LAYERS}/a`;
const OTHER_UID = '11111111-2222-3333-4444-555555555555';
const HELD = post(CONFIG_MAPS, configMap('a', {}, { finalizers: ['x.dev/y'] }));
const THREE = ['a', 'b', 'c'].map((name) =>
  post(CONFIG_MAPS, configMap(name, {}, { labels: { n: name } })),
);

/** A ConfigMap owned by the answer to a request of the case. */
function owned(name: string, by: string, more: Readonly<Record<string, unknown>> = {}): Ask {
  const ownerReferences = [owner(`{${by}.metadata.name}`, `{${by}.metadata.uid}`, more)];
  return post(CONFIG_MAPS, configMap(name, {}, { ownerReferences }));
}

function gone(name: string): Ask {
  return get(`${CONFIG_MAPS}/${name}`, { until: { status: 404 } });
}

/** A list by names, for what deletes many. */
function left(path: string): Ask {
  return get(path, {
    pick: (body) =>
      (body as { readonly items: readonly { metadata: { name: string } }[] }).items.map(
        ({ metadata }) => metadata.name,
      ),
  });
}

/** Deletion of one and of many, finalizers, owners. */
export const DELETING: Group = {
  name: 'deletion and garbage collection',
  cases: [
    asking(
      'what is deleted is gone',
      post(CONFIG_MAPS, configMap('a')),
      remove(A),
      get(A),
      remove(A),
    ),
    asking('what is deleted of our kinds', post(OS_LAYERS, osLayer('a')), remove(L), remove(L)),
    asking(
      'a finalizer holds the object',
      HELD,
      remove(A),
      remove(A),
      merge(A, { metadata: { finalizers: null } }),
      get(A),
    ),
    asking(
      'a finalizer holds objects of our kinds',
      post(OS_LAYERS, osLayer('a', {}, { finalizers: ['x.dev/y'] })),
      remove(L),
      merge(L, { spec: { displayName: 'x' } }),
      merge(L, { metadata: { finalizers: ['x.dev/y', 'x.dev/z'] } }),
      merge(L, { metadata: { finalizers: [] } }),
      get(L),
    ),
    asking(
      'a name is free again with another uid',
      post(CONFIG_MAPS, configMap('a')),
      remove(A),
      post(CONFIG_MAPS, configMap('a')),
    ),
    asking(
      'preconditions',
      post(CONFIG_MAPS, configMap('a')),
      remove(A, { preconditions: { uid: OTHER_UID } }),
      remove(A, { preconditions: { resourceVersion: '1' } }),
      remove(A, {
        preconditions: {
          uid: '{0.metadata.uid}',
          resourceVersion: '{0.metadata.resourceVersion}',
        },
      }),
    ),
    asking(
      'options of wrong form',
      post(CONFIG_MAPS, configMap('a')),
      remove(A, { propagationPolicy: 'Other' }),
      remove(A, { propagationPolicy: 5 }),
      remove(A, { kind: 'ConfigMap', apiVersion: 'v1' }),
      remove(A, { gracePeriodSeconds: 'x' }),
      remove(A, { gracePeriodSeconds: -1 }),
      remove(A, '['),
      remove(A, '[]'),
      remove(A, { preconditions: 'x' }),
      remove(A, { orphanDependents: true, propagationPolicy: 'Orphan' }),
      remove(A, { dryRun: ['Some'] }),
      remove(A, { nothing: 1 }),
    ),
    asking(
      'options in the query',
      post(CONFIG_MAPS, configMap('a')),
      remove(`${A}?propagationPolicy=Other`),
      remove(`${A}?gracePeriodSeconds=x`),
      remove(`${A}?dryRun=All`),
      remove(`${A}?gracePeriodSeconds=0&propagationPolicy=Background`),
    ),
    asking(
      'the body of options with kind',
      post(CONFIG_MAPS, configMap('a')),
      remove(A, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 }),
    ),
    asking(
      'a body of options in another group',
      post(CONFIG_MAPS, configMap('a')),
      remove(A, { apiVersion: 'meta.k8s.io/v1', kind: 'DeleteOptions' }),
      post(OS_LAYERS, osLayer('a')),
      remove(L, { apiVersion: 'lamina.dev/v1alpha1', kind: 'DeleteOptions' }),
    ),
    asking('an empty body', post(CONFIG_MAPS, configMap('a')), remove(A, '')),
    asking(
      'foreground without dependents',
      post(CONFIG_MAPS, configMap('a')),
      remove(A, { propagationPolicy: 'Foreground' }),
      gone('a'),
    ),
    asking(
      'orphan without dependents',
      post(CONFIG_MAPS, configMap('a')),
      remove(A, { propagationPolicy: 'Orphan' }),
      gone('a'),
    ),
    asking(
      'background: dependents go',
      post(CONFIG_MAPS, configMap('a')),
      owned('b', '0'),
      owned('c', '1'),
      remove(A, { propagationPolicy: 'Background' }),
      gone('b'),
      gone('c'),
    ),
    asking(
      'background: dependents of our kinds go',
      post(OS_LAYERS, osLayer('a')),
      owned('b', '0', { apiVersion: 'lamina.dev/v1alpha1', kind: 'OSLayer' }),
      remove(L),
      gone('b'),
    ),
    asking(
      'the last owner takes its dependents',
      post(CONFIG_MAPS, configMap('a')),
      post(CONFIG_MAPS, configMap('o')),
      post(
        CONFIG_MAPS,
        configMap(
          'b',
          {},
          {
            ownerReferences: [0, 1].map((i) =>
              owner(`{${i}.metadata.name}`, `{${i}.metadata.uid}`),
            ),
          },
        ),
      ),
      remove(A),
      get(`${CONFIG_MAPS}/b`, {
        until: { text: '"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"o"' },
      }),
      remove(`${CONFIG_MAPS}/o`),
      gone('b'),
    ),
    asking(
      'an owner that never was',
      post(
        CONFIG_MAPS,
        configMap(
          'b',
          {},
          {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'ConfigMap', name: 'never', uid: OTHER_UID },
            ],
          },
        ),
      ),
      gone('b'),
    ),
    asking(
      'an owner of another uid',
      post(CONFIG_MAPS, configMap('a')),
      owned('b', '0', { uid: OTHER_UID }),
      gone('b'),
    ),
    asking(
      'an owner of a version that is not served',
      post(OS_LAYERS, osLayer('a')),
      owned('b', '0', { apiVersion: 'lamina.dev/v9', kind: 'OSLayer' }),
      owned('c', '0', { apiVersion: 'nowhere.dev/v1', kind: 'OSLayer' }),
      owned('d', '0', { apiVersion: 'lamina.dev/v1alpha1', kind: 'OSLayer' }),
      remove(L),
      gone('d'),
      get(`${CONFIG_MAPS}/b`),
      get(`${CONFIG_MAPS}/c`),
    ),
    asking(
      'an owner in another namespace',
      post('/api/v1/namespaces/default/configmaps', configMap('{ns}')),
      owned('b', '0'),
      gone('b'),
      remove('/api/v1/namespaces/default/configmaps/{ns}'),
    ),
    asking(
      'an owner of the wrong kind',
      post(CONFIG_MAPS, configMap('a')),
      owned('b', '0', { kind: 'Secret' }),
      gone('b'),
    ),
    asking(
      'foreground: the owner waits for those that block',
      post(CONFIG_MAPS, configMap('a')),
      post(
        CONFIG_MAPS,
        configMap(
          'b',
          {},
          {
            finalizers: ['x.dev/y'],
            ownerReferences: [owner('a', '{0.metadata.uid}', { blockOwnerDeletion: true })],
          },
        ),
      ),
      remove(A, { propagationPolicy: 'Foreground' }),
      get(`${CONFIG_MAPS}/b`, { until: { text: 'deletionTimestamp' } }),
      get(A),
      merge(`${CONFIG_MAPS}/b`, { metadata: { finalizers: null } }),
      gone('a'),
      gone('b'),
    ),
    asking(
      'foreground: the owner does not wait for others',
      post(CONFIG_MAPS, configMap('a')),
      owned('b', '0', { blockOwnerDeletion: false }),
      remove(A, { propagationPolicy: 'Foreground' }),
      gone('a'),
      gone('b'),
    ),
    asking(
      'orphan: dependents stay without owner',
      post(CONFIG_MAPS, configMap('a')),
      owned('b', '0'),
      remove(A, { propagationPolicy: 'Orphan' }),
      gone('a'),
      get(`${CONFIG_MAPS}/b`),
    ),
    asking(
      'orphanDependents, the old name',
      post(CONFIG_MAPS, configMap('a')),
      owned('b', '0'),
      remove(A, { orphanDependents: true }),
      gone('a'),
      get(`${CONFIG_MAPS}/b`),
    ),
    asking('many', ...THREE, remove(CONFIG_MAPS), left(CONFIG_MAPS)),
    asking(
      'many of our kinds',
      post(OS_LAYERS, osLayer('a')),
      post(OS_LAYERS, osLayer('b')),
      remove(OS_LAYERS),
      left(OS_LAYERS),
    ),
    asking(
      'many by labels',
      ...THREE,
      remove(`${CONFIG_MAPS}?labelSelector=n%20in%20(a,c)`),
      left(CONFIG_MAPS),
    ),
    asking(
      'many by fields',
      ...THREE,
      remove(`${CONFIG_MAPS}?fieldSelector=metadata.name%3Db`),
      left(CONFIG_MAPS),
    ),
    asking('many with a limit', ...THREE, remove(`${CONFIG_MAPS}?limit=1`), left(CONFIG_MAPS)),
    asking(
      'many with preconditions',
      ...THREE,
      remove(CONFIG_MAPS, { preconditions: { uid: OTHER_UID } }),
      left(CONFIG_MAPS),
    ),
    asking('many as a dry run', ...THREE, remove(`${CONFIG_MAPS}?dryRun=All`), left(CONFIG_MAPS)),
    asking('many with a bad selector', remove(`${CONFIG_MAPS}?labelSelector=a%20b`)),
    asking(
      'many that are held',
      HELD,
      post(CONFIG_MAPS, configMap('b')),
      remove(CONFIG_MAPS),
      left(CONFIG_MAPS),
      merge(A, { metadata: { finalizers: null } }),
    ),
    asking('none at all', remove(CONFIG_MAPS)),
    asking('all namespaces at once', remove(NAMESPACES), remove('/api/v1/configmaps')),
    asking(
      'the answer of a deletion as metadata or table',
      HELD,
      remove(A, undefined, {
        headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' },
      }),
      remove(A, undefined, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } }),
    ),
  ],
};
