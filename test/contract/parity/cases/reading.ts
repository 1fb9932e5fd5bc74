import { asking, get, post, remove, type Group } from '../case.ts';
import { CONFIG_MAPS, configMap, OS_LAYERS, osLayer, EVENTS, event } from '../objects.ts';

const A = `${CONFIG_MAPS}/a`;
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
const PARTIAL_LIST = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };

const THREE = [
  post(CONFIG_MAPS, configMap('a', {}, { labels: { tier: '1', color: 'red' } })),
  post(CONFIG_MAPS, configMap('b', {}, { labels: { tier: '2' } })),
  post(CONFIG_MAPS, configMap('c', {}, { labels: { tier: '10', color: 'blue' } })),
];

function names(body: unknown): unknown {
  const { items } = body as { readonly items?: readonly { readonly metadata: unknown }[] };
  if (items === undefined) return body;
  return items.map(({ metadata }) => (metadata as { readonly name: string }).name);
}

function selected(selector: string) {
  const path = `${CONFIG_MAPS}?labelSelector=${encodeURIComponent(selector)}`;
  return asking(`labels: ${selector}`, ...THREE, get(path, { pick: names }));
}

function selectedFields(path: string, selector: string) {
  return get(`${path}?fieldSelector=${encodeURIComponent(selector)}`);
}

function accepting(accept: string) {
  return asking(
    `accept: ${accept}`,
    ...THREE,
    get(A, { headers: { accept } }),
    get(CONFIG_MAPS, { headers: { accept } }),
  );
}

/** Reads, lists, pages, selectors and the forms of answers. */
export const READING: Group = {
  name: 'reading',
  cases: [
    asking('what is not there', get(A), get(`${OS_LAYERS}/a`), get(`${CONFIG_MAPS}/A_b`)),
    asking(
      'a list in a namespace that is not there',
      get('/api/v1/namespaces/nowhere/configmaps'),
      get('/apis/lamina.dev/v1alpha1/namespaces/nowhere/oslayers'),
    ),
    asking('a list in order of names', ...THREE.toReversed(), get(CONFIG_MAPS)),
    asking('an empty list', get(CONFIG_MAPS), get(OS_LAYERS)),
    asking(
      'a list over all namespaces',
      ...THREE,
      get('/api/v1/configmaps?fieldSelector=metadata.namespace%3D{ns}'),
      get('/apis/lamina.dev/v1alpha1/oslayers?fieldSelector=metadata.namespace%3D{ns}'),
    ),
    selected('tier=1'),
    selected('tier==1'),
    selected('tier!=1'),
    selected('tier in (1, 2)'),
    selected('tier notin (1,2)'),
    selected('color'),
    selected('!color'),
    selected('color,tier=1'),
    selected('tier>1'),
    selected('tier<10'),
    selected('tier>x'),
    selected('tier>'),
    selected('color>1'),
    selected('tier=1,'),
    selected('a b'),
    selected('tier in ()'),
    selected('tier in 1'),
    selected('=1'),
    selected('tier='),
    selected('tier=not ok!'),
    selected('in=1'),
    selected('tier in (1'),
    selected(`${'x'.repeat(64)}=1`),
    asking(
      'fields that can be selected',
      ...THREE,
      selectedFields(CONFIG_MAPS, 'metadata.name=b'),
      selectedFields(CONFIG_MAPS, 'metadata.name!=b'),
      selectedFields(CONFIG_MAPS, 'metadata.name==b,metadata.namespace={ns}'),
    ),
    asking(
      'fields that cannot be selected',
      selectedFields(CONFIG_MAPS, 'data.a=b'),
      selectedFields(OS_LAYERS, 'spec.displayName=b'),
      selectedFields(EVENTS, 'spec.x=b'),
    ),
    asking(
      'field selectors have a syntax',
      selectedFields(CONFIG_MAPS, 'metadata.name'),
      selectedFields(CONFIG_MAPS, 'metadata.name=a,'),
      selectedFields(CONFIG_MAPS, 'metadata.name>a'),
      selectedFields(CONFIG_MAPS, 'metadata.name=a\\,b'),
      selectedFields(CONFIG_MAPS, 'metadata.name=a=b'),
    ),
    asking(
      'fields of events',
      post(EVENTS, event('e', { reason: 'R', type: 'Normal', source: { component: 'c' } })),
      ...['reason=R', 'type=Normal', 'source=c', 'reportingComponent=', 'type=Warning'].map(
        (selector) => selectedFields(EVENTS, selector),
      ),
      ...['kind=ConfigMap', 'name=x', 'apiVersion=v1', 'uid=', 'fieldPath='].map((selector) =>
        selectedFields(EVENTS, `involvedObject.${selector}`),
      ),
    ),
    asking(
      'pages',
      ...THREE,
      get(`${CONFIG_MAPS}?limit=2`),
      get(`${CONFIG_MAPS}?limit=2&continue={3.metadata.continue}`),
      get(`${CONFIG_MAPS}?limit=0`, { pick: names }),
      get(`${CONFIG_MAPS}?limit=3`),
      get(`${CONFIG_MAPS}?limit=1&labelSelector=tier`),
    ),
    asking(
      'a page shows what was there at the first',
      ...THREE,
      get(`${CONFIG_MAPS}?limit=1`),
      remove(`${CONFIG_MAPS}/b`),
      post(CONFIG_MAPS, configMap('d')),
      get(`${CONFIG_MAPS}?limit=5&continue={3.metadata.continue}`, { pick: names }),
    ),
    asking(
      'limits that are none',
      get(`${CONFIG_MAPS}?limit=x`),
      get(`${CONFIG_MAPS}?limit=-1`),
      get(`${CONFIG_MAPS}?limit=1.5`),
    ),
    asking(
      'a token that is none',
      get(`${CONFIG_MAPS}?limit=1&continue=abc`),
      get(`${CONFIG_MAPS}?continue=%7B%7D`),
    ),
    asking(
      'a token beside a revision',
      ...THREE,
      get(`${CONFIG_MAPS}?limit=1`),
      get(`${CONFIG_MAPS}?limit=1&resourceVersion=5&continue={3.metadata.continue}`),
      get(`${CONFIG_MAPS}?limit=1&resourceVersion=0&continue={3.metadata.continue}`),
    ),
    asking(
      'any revision',
      ...THREE,
      get(`${CONFIG_MAPS}?resourceVersion=0`, { pick: names }),
      get(`${A}?resourceVersion=0`),
      get(`${CONFIG_MAPS}?resourceVersion=0&resourceVersionMatch=NotOlderThan`, { pick: names }),
    ),
    asking(
      'a revision not older than one',
      ...THREE,
      get(`${CONFIG_MAPS}?resourceVersion={1.metadata.resourceVersion}`, { pick: names }),
      get(
        `${CONFIG_MAPS}?resourceVersion={1.metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`,
        { pick: names },
      ),
    ),
    asking(
      'exactly one revision',
      ...THREE,
      get(
        `${CONFIG_MAPS}?resourceVersion={1.metadata.resourceVersion}&resourceVersionMatch=Exact`,
        { pick: names },
      ),
      get(`${CONFIG_MAPS}?resourceVersion={1.metadata.resourceVersion}&limit=1`),
    ),
    asking(
      'resourceVersionMatch has rules',
      get(`${CONFIG_MAPS}?resourceVersionMatch=Exact`),
      get(`${CONFIG_MAPS}?resourceVersion=0&resourceVersionMatch=Exact`),
      get(`${CONFIG_MAPS}?resourceVersion=5&resourceVersionMatch=Other`),
      get(`${A}?resourceVersion=5&resourceVersionMatch=Exact`),
    ),
    asking(
      'a revision that is none',
      get(`${CONFIG_MAPS}?resourceVersion=x`),
      get(`${CONFIG_MAPS}?resourceVersion=-1`),
    ),
    asking('tables', ...THREE, get(CONFIG_MAPS, { headers: TABLE }), get(A, { headers: TABLE })),
    asking(
      'tables of our kinds',
      post(OS_LAYERS, osLayer('a')),
      get(OS_LAYERS, { headers: TABLE }),
      get(`${OS_LAYERS}/a`, { headers: TABLE }),
    ),
    asking(
      'tables with whole objects or none',
      post(OS_LAYERS, osLayer('a')),
      get(`${OS_LAYERS}?includeObject=Object`, { headers: TABLE }),
      get(`${OS_LAYERS}?includeObject=None`, { headers: TABLE }),
      get(`${OS_LAYERS}?includeObject=Metadata`, { headers: TABLE }),
      get(`${OS_LAYERS}?includeObject=Other`, { headers: TABLE }),
    ),
    asking('a table of nothing', get(CONFIG_MAPS, { headers: TABLE }), get(A, { headers: TABLE })),
    asking(
      'metadata alone',
      ...THREE,
      post(OS_LAYERS, osLayer('a')),
      get(A, { headers: PARTIAL }),
      get(CONFIG_MAPS, { headers: PARTIAL_LIST }),
      get(`${OS_LAYERS}/a`, { headers: PARTIAL }),
      get(OS_LAYERS, { headers: PARTIAL_LIST }),
    ),
    asking(
      'the form of a list for one object, and the reverse',
      ...THREE,
      get(A, { headers: PARTIAL_LIST }),
      get(CONFIG_MAPS, { headers: PARTIAL }),
    ),
    asking(
      'the form of a table for what was written',
      post(OS_LAYERS, osLayer('a'), { headers: TABLE }),
      post(OS_LAYERS, osLayer('b'), { headers: PARTIAL }),
    ),
    ...[
      '*/*',
      'application/*',
      'text/html',
      'text/html, application/json',
      'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
      'application/json;as=Table;v=v9;g=meta.k8s.io',
      'application/json;as=Table;v=v9;g=meta.k8s.io, application/json',
      'application/json;as=Nothing;v=v1;g=meta.k8s.io',
      'application/json;q=0',
      'application/json; charset=utf-8',
      'application/json;as=Table;v=v1beta1;g=meta.k8s.io',
      '',
    ].map(accepting),
  ],
};
