import { applying, asking, get, merge, post, put, remove, type Ask, type Group } from '../case.ts';
import { CONFIG_MAPS, configMap, NAMESPACES, OS_LAYERS, osLayer } from '../objects.ts';

type Fields = Readonly<Record<string, unknown>>;

const NOWHERE = '/apis/nowhere.dev/v1';
const A = `${CONFIG_MAPS}/a`;
const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const SERVED = new Set(['', 'apiextensions.k8s.io', 'coordination.k8s.io', 'lamina.dev']);
const CORE = ['configmaps', 'events', 'namespaces', 'namespaces/status', 'secrets'];

function field(value: unknown, name: string): unknown {
  return (value as Fields | undefined)?.[name];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function many(value: unknown): readonly Fields[] {
  return (value ?? []) as readonly Fields[];
}

function sortedBy(name: string, list: readonly Fields[]): readonly Fields[] {
  return list.toSorted((left, right) => (String(left[name]) < String(right[name]) ? -1 : 1));
}

/** Resources by name: those of CustomResourceDefinitions come in any order. */
function ourResources(body: unknown): unknown {
  return { ...(body as Fields), resources: sortedBy('name', many(field(body, 'resources'))) };
}

/** The resources of core that are served on both sides. */
function coreResources(body: unknown): unknown {
  const served = many(field(body, 'resources')).filter(({ name }) => CORE.includes(String(name)));
  return { ...(body as Fields), resources: sortedBy('name', served) };
}

function groups(body: unknown): unknown {
  const named = many(field(body, 'groups')).filter(({ name }) => SERVED.has(String(name)));
  return { ...(body as Fields), groups: named };
}

function aggregatedGroups(body: unknown): unknown {
  const groupOf = (item: Fields) => textOf(field(item['metadata'], 'name'));
  const items = many(field(body, 'items')).filter((item) => SERVED.has(groupOf(item)));
  return items.map((item) => ({
    ...item,
    versions: many(item['versions']).map((version) => ({
      ...version,
      resources: sortedBy(
        'resource',
        many(version['resources']).filter(
          ({ resource }) => groupOf(item) !== '' || CORE.includes(String(resource)),
        ),
      ),
    })),
  }));
}

function method(name: string, path: string): Ask {
  return { method: name, path };
}

function review(group: string, kind: string, spec: Fields): Ask {
  const version = `${group}.k8s.io/v1`;
  const plural = `${kind.toLowerCase()}s`;
  return post(`/apis/${version}/${plural}`, { apiVersion: version, kind, spec });
}

function ourGroup(body: unknown): unknown {
  return Object.keys((field(body, 'paths') ?? {}) as Fields)
    .filter((path) => /^(api|apis|apis\/lamina.*|api\/v1|version)$/.test(path))
    .sort();
}

/** Schemas of our group by name, without what only describes. */
function schemas(body: unknown): unknown {
  return field(field(body, 'components'), 'schemas');
}

/** The same of OpenAPI v2, where all groups stand in one document. */
function ourDefinitions(body: unknown): unknown {
  const definitions = Object.entries((field(body, 'definitions') ?? {}) as Fields);
  return Object.fromEntries(definitions.filter(([name]) => name.startsWith('dev.lamina.')));
}

/** Discovery, health, methods, bodies, access: what is not about objects. */
export const WIRE: Group = {
  name: 'discovery and wire',
  cases: [
    asking('version', get('/version'), get('/version/')),
    asking('the versions of core', get('/api'), get('/api/')),
    asking('groups', get('/apis', { pick: groups }), get('/apis/', { pick: groups })),
    asking('our group', get('/apis/lamina.dev'), get('/apis/lamina.dev/')),
    asking('a group that is not there', get('/apis/nowhere.dev'), get('/apis/nowhere.dev/v1')),
    asking(
      'kinds of a group that is not there',
      get(`${NOWHERE}/widgets`),
      get(`${NOWHERE}/widgets?watch=true`),
      get(`${NOWHERE}/widgets/a`),
      get(`${NOWHERE}/namespaces/{ns}/widgets`),
      post(`${NOWHERE}/namespaces/{ns}/widgets`, { apiVersion: 'nowhere.dev/v1', kind: 'Widget' }),
      merge(`${NOWHERE}/namespaces/{ns}/widgets/a`, {}),
      applying(`${NOWHERE}/namespaces/{ns}/widgets/a`, {}, { manager: 'flux', force: true }),
      remove(`${NOWHERE}/namespaces/{ns}/widgets/a`),
    ),
    asking(
      'our kinds',
      get('/apis/lamina.dev/v1alpha1', { pick: ourResources }),
      get('/apis/lamina.dev/v1alpha1/', { pick: ourResources }),
    ),
    asking('a version that is not there', get('/apis/lamina.dev/v9'), get('/apis/lamina.dev/v9/x')),
    asking('kinds of core', get('/api/v1', { pick: coreResources })),
    asking('leases', get('/apis/coordination.k8s.io/v1')),
    asking('definitions of kinds', get('/apis/apiextensions.k8s.io/v1')),
    asking(
      'aggregated discovery of groups',
      get('/apis', { headers: { accept: AGGREGATED }, pick: aggregatedGroups }),
    ),
    asking(
      'aggregated discovery of core',
      get('/api', { headers: { accept: AGGREGATED }, pick: aggregatedGroups }),
    ),
    asking('OpenAPI v3: its paths', get('/openapi/v3', { pick: ourGroup })),
    asking(
      'OpenAPI v3: the schemas of our group',
      get('/openapi/v3/apis/lamina.dev/v1alpha1', { pick: schemas }),
    ),
    asking(
      'OpenAPI v3: the paths of our group',
      get('/openapi/v3/apis/lamina.dev/v1alpha1', {
        pick: (body) => field(body, 'paths'),
      }),
    ),
    asking('OpenAPI v2: the schemas of our group', get('/openapi/v2', { pick: ourDefinitions })),
    asking('OpenAPI v3: what is not there', get('/openapi/v3/apis/nowhere/v1')),
    asking(
      'health',
      ...['/healthz', '/livez', '/readyz', '/livez/ping', '/readyz/ping', '/healthz/ping'].map(
        (path) => get(path),
      ),
    ),
    asking(
      'health in words',
      ...['/livez?verbose', '/readyz?verbose', '/livez/ping?verbose'].map((path) => get(path)),
    ),
    asking('health of what is not there', get('/livez/nothing'), get('/readyz/nothing')),
    asking('health without the check of something', get('/livez?exclude=ping')),
    asking('health needs no token', get('/livez', { headers: { authorization: '' } })),
    asking('paths that are not there', get('/nowhere'), get('/api/v1/pods9'), get('/api/v9/x')),
    asking('the root', get('/', { pick: () => 'whatever' })),
    asking(
      'slashes at the end',
      post(CONFIG_MAPS, configMap('a')),
      get(`${CONFIG_MAPS}/`, { pick: () => 'a list' }),
      get(`${A}/`),
      get('/api/v1/', { pick: coreResources }),
    ),
    asking('slashes in the middle', get('//api/v1', { pick: () => 0 }), get('/api//v1')),
    asking(
      'methods that are not there',
      put(CONFIG_MAPS, configMap('a')),
      merge(CONFIG_MAPS, {}),
      post(A, configMap('a')),
      method('FROB', CONFIG_MAPS),
      method('OPTIONS', CONFIG_MAPS),
      method('TRACE', CONFIG_MAPS),
    ),
    asking(
      'methods of what is not about objects',
      post('/version', {}),
      remove('/apis'),
      post('/healthz', {}),
      post('/openapi/v3', {}),
    ),
    asking(
      'HEAD',
      post(CONFIG_MAPS, configMap('a')),
      method('HEAD', A),
      method('HEAD', CONFIG_MAPS),
      method('HEAD', '/version'),
      method('HEAD', '/livez'),
    ),
    asking(
      'no token, or another',
      get(CONFIG_MAPS, { headers: { authorization: '' } }),
      get(CONFIG_MAPS, { headers: { authorization: 'Bearer wrong' } }),
      get(CONFIG_MAPS, { headers: { authorization: 'Basic eDp5' } }),
      get('/version', { headers: { authorization: 'Bearer wrong' } }),
      get('/livez', { headers: { authorization: 'Bearer wrong' } }),
    ),
    asking(
      'the token in other letters',
      get('/version', { headers: { authorization: 'bearer wrong' } }),
    ),
    asking(
      'bodies of another type',
      post(CONFIG_MAPS, 'kind: ConfigMap', { headers: { 'content-type': 'text/plain' } }),
      post(OS_LAYERS, osLayer('b'), { headers: { 'content-type': 'application/xml' } }),
      post(CONFIG_MAPS, configMap('c'), {
        headers: { 'content-type': 'application/json; charset=utf-8' },
      }),
      post(CONFIG_MAPS, configMap('d'), { headers: { 'content-type': '' } }),
      post(CONFIG_MAPS, configMap('e'), { headers: { 'content-type': '*/*' } }),
    ),
    asking(
      'a body of 4 MiB',
      post(CONFIG_MAPS, configMap('a', { data: { a: 'x'.repeat(4 * 2 ** 20) } })),
      post(OS_LAYERS, osLayer('a', { displayName: 'x'.repeat(4 * 2 ** 20) })),
    ),
    asking(
      'a body of 10 MB',
      post(CONFIG_MAPS, configMap('a', { data: { a: 'x'.repeat(10_000_000) } })),
    ),
    asking(
      'an object of 2 MiB',
      post(
        OS_LAYERS,
        osLayer('a', {
          versions: Array.from({ length: 256 }, (_, i) => ({
            name: `v${i}`,
            from: i === 0 ? 'v1' : 'v0',
            install: { steps: [{ run: 'x'.repeat(8000) }] },
          })),
        }),
        { pick: (body) => field(body, 'message') },
      ),
    ),
    asking(
      'parameters that nobody knows',
      get(`${CONFIG_MAPS}?nothing=1`),
      get(`${CONFIG_MAPS}?pretty=true`),
      get(`${CONFIG_MAPS}?limit=1&limit=2`, { pick: () => 'a list' }),
    ),
    asking(
      'impersonation',
      get(CONFIG_MAPS, { headers: { 'impersonate-user': 'somebody' } }),
      post('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'SelfSubjectReview',
      }),
    ),
    asking(
      'reviews of access',
      review('authorization', 'SelfSubjectAccessReview', {
        resourceAttributes: { verb: 'get', resource: 'configmaps', namespace: '{ns}' },
      }),
      review('authorization', 'SelfSubjectAccessReview', {
        nonResourceAttributes: { verb: 'get', path: '/version' },
      }),
      review('authorization', 'SelfSubjectAccessReview', {}),
      review('authorization', 'SelfSubjectRulesReview', { namespace: '{ns}' }),
      review('authorization', 'SelfSubjectRulesReview', {}),
    ),
    asking(
      'a path of bad percent signs',
      get('/api/v1/namespaces/%zz', { pick: () => 'whatever' }),
      get(`${NAMESPACES}/a%2Fb`),
      get(`${CONFIG_MAPS}/a%00`),
    ),
  ],
};
