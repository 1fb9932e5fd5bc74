import { asking, get, jsonPatch, merge, post, put, remove, type Group } from '../case.ts';
import {
  CONFIG_MAPS,
  configMap,
  event,
  EVENTS,
  lease,
  LEASES,
  secret,
  SECRETS,
} from '../objects.ts';

type Fields = Readonly<Record<string, unknown>>;
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const MIB = 2 ** 20;

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function typedSecret(type: string, ...datas: readonly (Fields | undefined)[]) {
  return asking(
    `Secret: type ${type}`,
    ...datas.map((data, i) => post(SECRETS, secret(`s${i}`, { type, data }))),
  );
}

function leaseOf(why: string, ...specs: readonly Fields[]) {
  return asking(`Lease: ${why}`, ...specs.map((spec, i) => post(LEASES, lease(`l${i}`, spec))));
}

function eventOf(why: string, ...fields: readonly Fields[]) {
  return asking(`Event: ${why}`, ...fields.map((more, i) => post(EVENTS, event(`e${i}`, more))));
}

const NEW_STYLE = {
  eventTime: '2001-01-01T00:00:00.000001Z',
  reportingComponent: 'lamina.dev/x',
  reportingInstance: 'x-1',
  action: 'Doing',
  reason: 'Because',
  type: 'Normal',
};

/** The built-in kinds and their own rules. */
export const BUILTINS: Group = {
  name: 'built-in kinds',
  cases: [
    asking(
      'ConfigMap: data and binary data',
      post(CONFIG_MAPS, configMap('a', { data: { k: 'v' }, binaryData: { b: base64('x') } })),
      post(CONFIG_MAPS, configMap('b', { data: { k: 'v' }, binaryData: { k: base64('x') } })),
      post(CONFIG_MAPS, configMap('c', { data: { 'not ok': 'v', '..': 'x', '': 'y' } })),
      post(CONFIG_MAPS, configMap('d', { data: { ['k'.repeat(254)]: 'v' } })),
    ),
    asking(
      'ConfigMap: too much',
      post(CONFIG_MAPS, configMap('a', { data: { k: 'x'.repeat(MIB) } })),
    ),
    asking(
      'ConfigMap: too much by a byte',
      post(CONFIG_MAPS, configMap('a', { data: { k: 'x'.repeat(MIB + 1) } })),
    ),
    asking(
      'ConfigMap: immutable',
      post(CONFIG_MAPS, configMap('a', { data: { k: 'v' }, immutable: true })),
      merge(`${CONFIG_MAPS}/a`, { data: { k: 'w' } }),
      merge(`${CONFIG_MAPS}/a`, { immutable: false }),
      merge(`${CONFIG_MAPS}/a`, { immutable: null }),
      merge(`${CONFIG_MAPS}/a`, { binaryData: { x: base64('x') } }),
      merge(`${CONFIG_MAPS}/a`, { metadata: { labels: { a: 'b' } } }),
    ),
    asking(
      'ConfigMap: empty maps',
      post(CONFIG_MAPS, configMap('a', { data: {}, binaryData: {} })),
      post(CONFIG_MAPS, configMap('b', { data: null })),
    ),
    asking(
      'Secret: data',
      post(SECRETS, secret('a', { data: { k: base64('v') } })),
      post(SECRETS, secret('b', { stringData: { k: 'v' }, data: { k: base64('w') } })),
      post(SECRETS, secret('c', { data: { k: 'not base64!' } })),
      post(SECRETS, secret('d', { data: { k: 'dg' } })),
      post(SECRETS, secret('e', { data: { k: `${base64('abc')}\n` } })),
      post(SECRETS, secret('f', { data: { k: null } })),
      post(SECRETS, secret('g', { data: { 'not ok': '' } })),
      post(SECRETS, secret('h', { stringData: { 'not ok': '' } })),
    ),
    asking(
      'Secret: base64 with line breaks',
      post(SECRETS, secret('a', { data: { k: 'YWJj\nZGVm' } })),
      post(SECRETS, secret('b', { data: { k: 'YWJj\r\nZGVm\r\n' } })),
      post(SECRETS, secret('c', { data: { k: 'YWJj ZGVm' } })),
      post(SECRETS, secret('d', { data: { k: 'YW-_' } })),
    ),
    asking(
      'Secret: its type stays',
      post(SECRETS, secret('a')),
      merge(`${SECRETS}/a`, { type: 'x.dev/y' }),
      merge(`${SECRETS}/a`, { type: null }),
      merge(`${SECRETS}/a`, { type: '' }),
      merge(`${SECRETS}/a`, { stringData: { k: 'v' } }),
      put(`${SECRETS}/a`, secret('a', { type: 'other' })),
    ),
    asking(
      'Secret: immutable',
      post(SECRETS, secret('a', { immutable: true, data: { k: '' } })),
      merge(`${SECRETS}/a`, { data: { k: base64('x') } }),
      merge(`${SECRETS}/a`, { immutable: false }),
    ),
    asking(
      'Secret: too much',
      post(SECRETS, secret('a', { stringData: { k: 'x'.repeat(MIB + 1) } })),
    ),
    typedSecret(
      'kubernetes.io/tls',
      undefined,
      { 'tls.crt': '' },
      { 'tls.crt': '', 'tls.key': '' },
    ),
    typedSecret('kubernetes.io/basic-auth', undefined, { username: '' }, { password: '' }),
    typedSecret('kubernetes.io/ssh-auth', undefined, { 'ssh-privatekey': '' }, { x: '' }),
    typedSecret(
      'kubernetes.io/dockerconfigjson',
      undefined,
      { '.dockerconfigjson': base64('{') },
      { '.dockerconfigjson': base64('{}') },
    ),
    typedSecret('kubernetes.io/dockercfg', undefined, { '.dockercfg': base64('x') }),
    typedSecret('kubernetes.io/service-account-token', undefined),
    typedSecret('bootstrap.kubernetes.io/token', undefined),
    typedSecret('Opaque', undefined, {}),
    typedSecret('anything goes', undefined),
    asking(
      'Secret: selected by type, shown as a table',
      post(SECRETS, secret('a', { type: 'x.dev/y', stringData: { k: 'v' } })),
      post(SECRETS, secret('b')),
      get(`${SECRETS}?fieldSelector=type%3Dx.dev/y`),
      get(SECRETS, { headers: TABLE }),
    ),
    leaseOf(
      'what an election writes',
      {
        holderIdentity: 'me',
        leaseDurationSeconds: 15,
        acquireTime: '2001-01-01T00:00:00.000000Z',
        renewTime: '2001-01-01T00:00:00.123456Z',
        leaseTransitions: 0,
      },
      {},
    ),
    leaseOf(
      'times keep six digits',
      { renewTime: '2001-01-01T00:00:00Z' },
      { renewTime: '2001-01-01T00:00:00.1Z' },
      { renewTime: '2001-01-01T00:00:00.123456789Z' },
      { renewTime: '2001-01-01T02:00:00.5+02:00' },
      { renewTime: 'x' },
      { renewTime: 5 },
      { renewTime: null },
      { renewTime: '' },
    ),
    leaseOf(
      'numbers are whole and small',
      { leaseDurationSeconds: 0 },
      { leaseDurationSeconds: -1 },
      { leaseDurationSeconds: 1.5 },
      { leaseDurationSeconds: 2_147_483_648 },
      { leaseDurationSeconds: '15' },
      { leaseTransitions: -1 },
    ),
    leaseOf(
      'strategies',
      { strategy: 'OldestEmulationVersion' },
      { strategy: 'OldestEmulationVersion', preferredHolder: 'x' },
      { preferredHolder: 'x' },
      { holderIdentity: '' },
    ),
    asking(
      'Lease: changed and shown',
      post(LEASES, lease('a', { holderIdentity: 'me' })),
      put(`${LEASES}/a`, lease('a', { holderIdentity: 'you' })),
      put(
        `${LEASES}/a`,
        lease('a', { holderIdentity: 'you' }, { resourceVersion: '{0.metadata.resourceVersion}' }),
      ),
      merge(`${LEASES}/a`, { spec: { leaseTransitions: 1 } }),
      jsonPatch(`${LEASES}/a`, [{ op: 'remove', path: '/spec' }]),
      get(LEASES, { headers: TABLE }),
    ),
    asking(
      'a PUT makes what is not there',
      put(`${LEASES}/new`, lease('new')),
      put(`${SECRETS}/new`, secret('new')),
      put(`${EVENTS}/new`, event('new')),
    ),
    eventOf('old style', { reason: 'R', message: 'm', type: 'Normal', count: 2 }, {}),
    eventOf(
      'times',
      { firstTimestamp: '2001-01-01T00:00:00Z', lastTimestamp: '2001-01-01T00:00:00Z' },
      { firstTimestamp: null, lastTimestamp: 'x' },
      { eventTime: null },
    ),
    eventOf('new style', NEW_STYLE),
    eventOf(
      'new style with something missing',
      { ...NEW_STYLE, action: undefined },
      { ...NEW_STYLE, reason: undefined },
      { ...NEW_STYLE, reportingComponent: undefined },
      { ...NEW_STYLE, reportingInstance: undefined },
      { ...NEW_STYLE, type: 'Other' },
      { ...NEW_STYLE, reportingInstance: 'x'.repeat(129) },
      { ...NEW_STYLE, action: 'x'.repeat(129) },
      { ...NEW_STYLE, reportingComponent: 'not ok!' },
      { ...NEW_STYLE, message: 'x'.repeat(1025) },
    ),
    eventOf('another type', { type: 'Other' }, { type: '' }),
    eventOf(
      'a series',
      { ...NEW_STYLE, series: { count: 2, lastObservedTime: 'x' } },
      {
        ...NEW_STYLE,
        series: { count: 2, lastObservedTime: '2001-01-01T00:00:00.000001Z' },
      },
    ),
    asking(
      'Event: of an object elsewhere',
      post(EVENTS, { ...event('a'), involvedObject: { kind: 'ConfigMap', namespace: 'default' } }),
      post(EVENTS, { ...event('b'), involvedObject: { kind: 'Namespace', name: 'default' } }),
      post(EVENTS, { ...event('c'), involvedObject: undefined }),
      post(EVENTS, { ...event('d'), involvedObject: 'x' }),
    ),
    asking(
      'Event: changed',
      post(EVENTS, event('a', { count: 1 })),
      merge(`${EVENTS}/a`, { count: 2, message: 'again' }),
      merge(`${EVENTS}/a`, { involvedObject: { name: 'other' } }),
      post(EVENTS, event('n', NEW_STYLE)),
      merge(`${EVENTS}/n`, { action: 'Other' }),
      merge(`${EVENTS}/n`, {
        series: { count: 3, lastObservedTime: '2001-01-01T00:00:01.000000Z' },
      }),
      remove(`${EVENTS}/n`),
    ),
    asking(
      'Event: a table',
      post(
        EVENTS,
        event('a', { reason: 'R', message: 'm', type: 'Normal', source: { component: 'c' } }),
      ),
      post(EVENTS, event('n', NEW_STYLE)),
      get(EVENTS, { headers: TABLE }),
    ),
    asking(
      'Event: the newer group',
      get('/apis/events.k8s.io/v1/namespaces/{ns}/events'),
      post('/apis/events.k8s.io/v1/namespaces/{ns}/events', {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: 'e' },
        regarding: { kind: 'ConfigMap', name: 'x', namespace: '{ns}' },
        eventTime: '2001-01-01T00:00:00.000001Z',
        reportingController: 'lamina.dev/x',
        reportingInstance: 'x-1',
        action: 'Doing',
        reason: 'Because',
        note: 'n',
        type: 'Normal',
      }),
      get(`${EVENTS}/e`),
    ),
  ],
};
