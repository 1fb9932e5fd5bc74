import { asking, get, merge, post, put, remove, type Group } from '../case.ts';
import { CONFIG_MAPS, configMap, NAMESPACES, namespace, OS_LAYERS, osLayer } from '../objects.ts';

const X = `${NAMESPACES}/{ns}-x`;
const INSIDE = `${X}/configmaps`;
const MADE = post(NAMESPACES, namespace('{ns}-x'));
const GONE = get(X, { until: { status: 404 } });

/** Namespaces, what they hold, and how they end. */
export const NAMESPACE_CASES: Group = {
  name: 'namespaces',
  cases: [
    asking('one is made', MADE, get(X), MADE),
    asking(
      'names are those of DNS labels',
      ...['A', 'a.b', 'a_b', '-a', 'x'.repeat(64)].map((name) => post(NAMESPACES, namespace(name))),
    ),
    asking(
      'its label is kept',
      post(NAMESPACES, namespace('{ns}-x', {}, { labels: { 'kubernetes.io/metadata.name': 'z' } })),
      merge(X, { metadata: { labels: null } }),
      merge(X, { metadata: { labels: { a: 'b' } } }),
      put(X, namespace('{ns}-x')),
    ),
    asking(
      'finalizers of its spec',
      post(NAMESPACES, namespace('{ns}-x', { spec: { finalizers: ['x.dev/y'] } })),
      merge(X, { spec: { finalizers: [] } }),
      merge(X, { spec: { nothing: 1 } }),
      post(NAMESPACES, namespace('{ns}-y', { spec: { finalizers: ['unqualified'] } })),
    ),
    asking(
      'its status is set by the server',
      post(NAMESPACES, namespace('{ns}-x', { status: { phase: 'Terminating' } })),
    ),
    asking('an empty one goes', MADE, remove(X), GONE),
    asking(
      'its content goes with it',
      MADE,
      post(INSIDE, configMap('a')),
      post(`/apis/lamina.dev/v1alpha1/namespaces/{ns}-x/oslayers`, osLayer('a')),
      remove(X),
      GONE,
      get(`${INSIDE}/a`),
      get(INSIDE),
    ),
    asking(
      'nothing is made in one that ends',
      MADE,
      post(INSIDE, configMap('held', {}, { finalizers: ['x.dev/y'] })),
      remove(X),
      get(X, { until: { text: 'NamespaceFinalizersRemaining' } }),
      post(INSIDE, configMap('b')),
      post(`/apis/lamina.dev/v1alpha1/namespaces/{ns}-x/oslayers`, osLayer('a')),
      merge(`${INSIDE}/held`, { data: { a: 'b' } }),
      merge(`${INSIDE}/held`, { metadata: { finalizers: null } }),
      GONE,
    ),
    asking(
      'what ends is told by conditions',
      MADE,
      post(INSIDE, configMap('held', {}, { finalizers: ['x.dev/y', 'x.dev/z'] })),
      remove(X),
      get(X, { until: { text: 'NamespaceFinalizersRemaining' } }),
      remove(X),
      merge(`${INSIDE}/held`, { metadata: { finalizers: null } }),
      GONE,
    ),
    asking(
      'a finalizer of its metadata holds it',
      post(NAMESPACES, namespace('{ns}-x', {}, { finalizers: ['x.dev/y'] })),
      remove(X),
      get(X, { until: { text: '"spec":{}' } }),
      merge(X, { metadata: { finalizers: null } }),
      GONE,
    ),
    asking(
      'those of the system stay',
      remove(`${NAMESPACES}/default?dryRun=All`),
      remove(`${NAMESPACES}/kube-system?dryRun=All`),
    ),
    asking(
      'nothing is made in one that is not there',
      post('/api/v1/namespaces/nowhere/configmaps', configMap('a')),
      post('/apis/lamina.dev/v1alpha1/namespaces/nowhere/oslayers', osLayer('a')),
      post('/api/v1/namespaces/nowhere/configmaps?dryRun=All', configMap('a')),
    ),
    asking(
      'a name that no namespace can have',
      post('/api/v1/namespaces/Not_ok/configmaps', configMap('a')),
      get('/api/v1/namespaces/Not_ok/configmaps'),
    ),
    asking(
      'objects of a namespace are not made without it',
      post('/api/v1/configmaps', configMap('a')),
      post('/apis/lamina.dev/v1alpha1/oslayers', osLayer('a')),
      post('/api/v1/configmaps', configMap('a', {}, { namespace: '{ns}' })),
    ),
    asking(
      'phases can be selected',
      get(`${NAMESPACES}?fieldSelector=status.phase%3DActive,metadata.name%3D{ns}`),
      get(`${NAMESPACES}?fieldSelector=status.phase%3DTerminating,metadata.name%3D{ns}`),
      get(`${NAMESPACES}?fieldSelector=spec.x%3Dy`),
    ),
    asking(
      'a table of namespaces',
      get(`${NAMESPACES}?fieldSelector=metadata.name%3D{ns}`, {
        headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
      }),
    ),
    asking(
      'the owner of an object may be its namespace',
      MADE,
      post(
        CONFIG_MAPS,
        configMap(
          'a',
          {},
          {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'Namespace', name: '{ns}-x', uid: '{0.metadata.uid}' },
            ],
          },
        ),
      ),
      remove(X),
      get(`${CONFIG_MAPS}/a`, { until: { status: 404 } }),
    ),
    asking(
      'preconditions of a namespace',
      MADE,
      remove(X, { preconditions: { uid: '11111111-2222-3333-4444-555555555555' } }),
      remove(X, { preconditions: { uid: '{0.metadata.uid}' } }),
      GONE,
    ),
    asking('kinds of ours at cluster scope', get(`${OS_LAYERS.replace('/namespaces/{ns}', '')}/a`)),
  ],
};
