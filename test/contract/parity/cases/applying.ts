import {
  applying,
  asking,
  get,
  jsonPatch,
  merge,
  post,
  put,
  type Ask,
  type Group,
} from '../case.ts';
import {
  APP_LAYERS,
  appLayer,
  CONFIG_MAPS,
  configMap,
  lease,
  LEASES,
  NAMESPACES,
  owner,
  SECRETS,
  secret,
} from '../objects.ts';

const A = `${CONFIG_MAPS}/a`;
const L = `${APP_LAYERS}/a`;
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

const OWNER = owner('n', '{0.metadata.uid}');

const by = (manager: string, force = false) => ({ manager, force });

type Fields = Readonly<Record<string, unknown>>;

/** Applies a ConfigMap. */
function data(manager: string, content: Fields, force = false): Ask {
  return applying(A, configMap('a', { data: content }), by(manager, force));
}

/** What `kubectl apply` on its own side leaves in an object. */
function clientSide(content: Fields): Fields {
  const said = configMap('a', { data: content });
  const annotations = { [LAST_APPLIED]: `${JSON.stringify(said)}\n` };
  return configMap('a', { data: content }, { annotations });
}

/** Server-side apply and the owners of fields. */
export const APPLYING: Group = {
  name: 'server-side apply',
  cases: [
    asking('makes what is not there', data('one', { k: 'v' }), data('one', { k: 'v' }), get(A)),
    asking(
      'one conflict',
      data('one', { k: 'v' }),
      data('two', { k: 'w' }),
      data('two', { k: 'w' }, true),
      data('one', { k: 'v' }),
    ),
    asking(
      'conflicts with several managers, and with one that does not apply',
      data('one', { k: '1', l: '1' }),
      merge(`${A}?fieldManager=two`, { data: { m: '2' } }),
      data('three', { k: '3', l: '3', m: '3' }),
    ),
    asking(
      'fields of two managers',
      data('one', { k: '1', l: '1' }),
      data('two', { k: '1' }),
      data('one', { l: '1' }),
      data('two', {}),
      get(A),
    ),
    asking(
      'a field that somebody wrote stays when its applier leaves it',
      data('one', { k: '1', l: '1' }),
      merge(`${A}?fieldManager=two`, { data: { k: '2' } }),
      data('one', { l: '1' }),
    ),
    asking(
      'what applies needs a name',
      { ...applying(A, configMap('a'), by('one')), path: A },
      applying(A, configMap('a'), by('')),
      applying(A, configMap('a'), by('x'.repeat(128))),
      applying(A, configMap('a'), by('x'.repeat(129))),
      applying(A, configMap('a'), by('%07')),
    ),
    asking(
      'what cannot be applied',
      applying(A, { ...configMap('a'), apiVersion: 'v2' }, by('one')),
      applying(A, { ...configMap('a'), kind: 'Secret' }, by('one')),
      applying(A, { metadata: { name: 'a' } }, by('one')),
      applying(A, configMap('a', {}, { managedFields: [] }), by('one')),
      applying(A, configMap('a', { nothing: 1 }), by('one')),
      applying(A, configMap('a', { data: { k: 1 } }), by('one')),
      applying(A, configMap('b'), by('one')),
      applying(A, configMap('a', {}, { uid: '11111111-2222-3333-4444-555555555555' }), by('one')),
      applying(A, '[', by('one')),
    ),
    asking(
      'an object without a name in its body',
      applying(A, { apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'v' } }, by('one')),
      data('one', { k: 'v' }),
      applying(A, { apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'w' } }, by('one')),
    ),
    asking(
      'revisions',
      data('one', { k: 'v' }),
      applying(A, configMap('a', { data: { k: 'w' } }, { resourceVersion: '1' }), by('one')),
      applying(
        A,
        configMap('a', { data: { k: 'x' } }, { resourceVersion: '{0.metadata.resourceVersion}' }),
        by('one'),
      ),
    ),
    asking(
      'a dry run',
      applying(`${A}?dryRun=All`, configMap('a', { data: { k: 'v' } }), by('one')),
      get(A),
      data('one', { k: 'v' }),
      applying(`${A}?dryRun=All`, configMap('a', { data: { k: 'w' } }), by('one')),
      get(A),
    ),
    asking(
      'field validation',
      ...['Strict', 'Warn', 'Ignore'].map((how) =>
        applying(
          `${A}?fieldValidation=${how}`,
          '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1","k":"2"}}',
          by(how),
        ),
      ),
    ),
    asking(
      'YAML',
      applying(
        A,
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: "v"\n',
        by('one'),
      ),
      applying(
        A,
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  k: on\n',
        by('one'),
      ),
    ),
    asking(
      'from the side of the client: nobody changed it',
      post(`${CONFIG_MAPS}?fieldManager=kubectl-client-side-apply`, clientSide({ k: '1', l: '1' })),
      data('kubectl', { k: '2' }),
      get(A),
    ),
    asking(
      'from the side of the client: somebody changed it',
      post(`${CONFIG_MAPS}?fieldManager=kubectl-client-side-apply`, clientSide({ k: '1', l: '1' })),
      merge(`${A}?fieldManager=editor`, { data: { k: '3' } }),
      data('kubectl', { k: '2', l: '2' }),
      data('other', { l: '2' }),
    ),
    asking(
      'owners taken away, and back',
      data('one', { k: '1' }),
      jsonPatch(A, [{ op: 'replace', path: '/metadata/managedFields', value: [{}] }]),
      merge(`${A}?fieldManager=two`, { data: { l: '1' } }),
      data('one', { k: '2' }),
      get(A),
    ),
    asking(
      'owners that cannot be read',
      data('one', { k: '1' }),
      merge(`${A}?fieldManager=two`, { metadata: { managedFields: [{ operation: 'Odd' }] } }),
      merge(`${A}?fieldManager=two`, { metadata: { managedFields: 'x' } }),
      put(A, configMap('a', { data: { k: '1' } }, { managedFields: null })),
    ),
    asking(
      'more writers than are told apart',
      post(`${CONFIG_MAPS}?fieldManager=w00`, configMap('a')),
      ...Array.from({ length: 12 }, (_, index) => {
        const name = `w${String(index + 1).padStart(2, '0')}`;
        return merge(`${A}?fieldManager=${name}`, { data: { [name]: '1' } });
      }),
    ),
    asking(
      'finalizers and owners',
      post(CONFIG_MAPS, configMap('n')),
      applying(A, configMap('a', {}, { finalizers: ['x.dev/1'] }), by('one')),
      applying(A, configMap('a', {}, { finalizers: ['x.dev/2'] }), by('two')),
      applying(A, configMap('a', {}, { ownerReferences: [OWNER] }), by('one')),
      applying(
        A,
        configMap('a', {}, { ownerReferences: [{ ...OWNER, blockOwnerDeletion: true }] }),
        by('two'),
      ),
      applying(A, configMap('a', {}, { finalizers: [] }), by('two')),
    ),
    asking(
      'secrets',
      applying(`${SECRETS}/s`, secret('s', { stringData: { k: 'v' } }), by('one')),
      applying(`${SECRETS}/s`, secret('s', { data: { k: 'dg==' } }), by('two')),
      applying(`${SECRETS}/s`, secret('s', { type: 'x.dev/y' }), by('two', true)),
    ),
    asking(
      'leases',
      applying(`${LEASES}/l`, lease('l', { holderIdentity: 'a' }), by('one')),
      applying(`${LEASES}/l`, lease('l', { holderIdentity: 'b' }), by('two')),
      applying(`${LEASES}/l`, lease('l', { holderIdentity: 'b' }), by('two', true)),
    ),
    asking(
      'a namespace',
      applying(
        `${NAMESPACES}/{ns}`,
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '{ns}', labels: { a: 'b' } } },
        by('one'),
      ),
    ),
    asking(
      'the status of our kinds',
      applying(`${L}/status`, { ...appLayer('a'), status: { observedGeneration: 1 } }, by('ctl')),
      applying(L, { ...appLayer('a'), status: { observedGeneration: 1 } }, by('one')),
      applying(`${L}/status`, { ...appLayer('a'), status: { observedGeneration: 2 } }, by('ctl')),
      applying(`${L}/status`, { ...appLayer('a'), status: { observedGeneration: 3 } }, by('two')),
      applying(L, appLayer('a', { displayName: 'x' }), by('one')),
    ),
    asking(
      'versions of our kinds',
      applying(L, appLayer('a'), by('one')),
      applying(
        L,
        {
          apiVersion: 'lamina.dev/v1alpha1',
          kind: 'AppLayer',
          metadata: { name: 'a' },
          spec: { versions: [{ name: '2', osVersion: '1' }] },
        },
        by('two'),
      ),
      applying(L, appLayer('a', { versions: [{ name: '1', osVersion: '2' }] }), by('one')),
      applying(L, appLayer('a', { versions: [{ name: '2', osVersion: '2' }] }), by('one')),
      get(L),
    ),
    asking(
      'null in our kinds',
      applying(L, appLayer('a', { displayName: null }), by('one')),
      applying(L, appLayer('a', { channels: { prod: null } }), by('one')),
    ),
  ],
};
