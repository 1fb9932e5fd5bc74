import { asking, get, merge, post, put, type Group } from '../case.ts';
import {
  APP_LAYERS,
  appLayer,
  CONFIG_MAPS,
  configMap,
  CONNECTORS,
  MACHINES,
  OS_LAYERS,
  osLayer,
  TEMPLATES,
} from '../objects.ts';

type Fields = Readonly<Record<string, unknown>>;
const L = `${OS_LAYERS}/a`;

function layer(why: string, ...specs: readonly Fields[]) {
  return asking(
    `OSLayer: ${why}`,
    ...specs.map((spec, i) => post(OS_LAYERS, osLayer(`a${i}`, spec))),
  );
}

function ours(kind: string, name: string, spec: unknown): Fields {
  return { apiVersion: 'lamina.dev/v1alpha1', kind, metadata: { name }, spec };
}

function connectors(why: string, ...specs: readonly unknown[]) {
  return asking(
    `ConnectorConfig: ${why}`,
    ...specs.map((spec, i) => post(CONNECTORS, ours('ConnectorConfig', `c${i}`, spec))),
  );
}

function templates(why: string, ...specs: readonly Fields[]) {
  const whole = { osLayer: { name: 'w', version: '1' }, targets: [] };
  return asking(
    `ImageTemplate: ${why}`,
    ...specs.map((spec, i) =>
      post(TEMPLATES, ours('ImageTemplate', `t${i}`, { ...whole, ...spec })),
    ),
  );
}

const BODIES: readonly (readonly [why: string, body: string])[] = [
  ['nothing', ''],
  ['half of a map', '{"kind":"OSLayer"'],
  ['a list', '[]'],
  ['null', 'null'],
  ['a text', '"x"'],
  ['a number', '5'],
  ['more than one', '{}{}'],
  ['spaces after it', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}  \n'],
  ['a doubled key', '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","name":"b"}}'],
  ['a key in other letters', '{"apiVersion":"v1","kind":"ConfigMap","METADATA":{"name":"a"}}'],
];

/** Schemas, rules and field validation of our kinds. */
export const VALIDATION: Group = {
  name: 'validation',
  cases: [
    ...BODIES.map(([why, body]) =>
      asking(`a body of ${why}`, post(CONFIG_MAPS, body), post(OS_LAYERS, body)),
    ),
    asking(
      'no spec',
      post(OS_LAYERS, { ...osLayer('a'), spec: undefined }),
      post(OS_LAYERS, { ...osLayer('a'), spec: null }),
      post(OS_LAYERS, { ...osLayer('a'), spec: 'x' }),
      post(OS_LAYERS, { ...osLayer('a'), spec: [] }),
      post(OS_LAYERS, { ...osLayer('a'), spec: {} }),
    ),
    asking(
      'no metadata',
      post(OS_LAYERS, { ...osLayer('a'), metadata: undefined }),
      post(OS_LAYERS, { ...osLayer('a'), metadata: null }),
      post(OS_LAYERS, { ...osLayer('a'), metadata: 'x' }),
    ),
    layer('a text of wrong type', { displayName: 5 }, { displayName: true }, { displayName: null }),
    layer('a text that is too long', { displayName: 'x'.repeat(129) }),
    layer('length counts characters, not bytes', { displayName: 'ä😀'.repeat(64) }),
    layer('a map of wrong type', { channels: [] }, { channels: 'x' }, { channels: { a: 1 } }),
    layer('a null in a map', { channels: { prod: null } }),
    layer('a list of wrong type', { versions: {} }, { versions: 'x' }, { versions: null }),
    layer('an item of wrong type', { versions: ['x'] }, { versions: [null] }, { versions: [[]] }),
    layer('a missing key of an item', { versions: [{}] }),
    layer('doubled items', { versions: [{ name: '1', from: '1' }, { name: '1' }] }),
    layer('a pattern', { versions: [{ name: 'Not OK' }] }, { versions: [{ name: '' }] }),
    layer('an enum', {
      versions: [{ name: '1', import: { disk: { file: 'x', format: 'vhd', sha256: 'x' } } }],
    }),
    layer('required fields deep down', { versions: [{ name: '1', import: { disk: {} } }] }),
    layer('many channels', {
      channels: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`c${i}`, '1'])),
    }),
    layer('a rule', { channels: { prod: '9' } }),
    layer('several rules', { channels: { prod: '9' }, versions: [{ name: '2', from: '2' }] }),
    layer('a rule and a schema', { channels: { prod: '9' }, displayName: 5 }),
    layer('a rule and a length', { channels: { prod: '9' }, displayName: 'x'.repeat(129) }),
    layer('no versions', { versions: [] }),
    layer('import and from', {
      versions: [
        {
          name: '1',
          from: '2',
          import: { disk: { file: 'f', format: 'raw', sha256: 'ab'.repeat(32) } },
        },
      ],
    }),
    layer('steps', {
      versions: [
        { name: '0', from: '1' },
        {
          name: '1',
          from: '0',
          install: {
            media: [{ name: 'a', url: 'ftp://x', sha256: '0' }],
            steps: [{ run: 'x', exitCodes: { ok: [256, -1, 0.5, '1'] }, timeout: '5' }, {}],
          },
        },
      ],
    }),
    layer('a doubled medium', {
      versions: [
        { name: '0', from: '1' },
        {
          name: '1',
          from: '0',
          install: {
            media: ['a', 'a'].map((name) => ({ name, url: 'http://x/', sha256: 'ab'.repeat(32) })),
            steps: [],
          },
        },
      ],
    }),
    layer('an unknown gate', {
      versions: [{ name: '1', from: '1', gates: ['Other', 'Finalize'] }],
    }),
    connectors('whole numbers', ...[0, 65, 2.5, 2.0, '2', -1].map((cpus) => ({ local: { cpus } }))),
    connectors('a number written as a float', { local: { cpus: 1e1 } }),
    connectors('an empty choice', {}, { local: {} }, { local: null }),
    connectors('quantities', { local: { memory: '1Gi' } }, { local: { memory: '0' } }),
    connectors('limits', { local: {}, limits: { machines: 0 } }, { local: {}, limits: null }),
    connectors('an enum of another type', { local: { network: false } }),
    templates('exactly one of version and channel', { osLayer: { name: 'w' } }, {}),
    templates('both of version and channel', {
      osLayer: { name: 'w', version: '1', channel: 'c' },
    }),
    templates('layers', { appLayers: [{ name: 'a' }, { name: 'a', version: '1' }] }),
    templates('a history of wrong size', { revisionHistoryLimit: 101 }),
    templates('targets', { targets: [{ name: 't', connectorRef: {}, provisioning: 'MCS' }] }),
    templates('doubled targets', {
      targets: ['t', 't'].map((name) => ({
        name,
        provisioning: 'None',
        connectorRef: { name: 'c' },
      })),
    }),
    asking(
      'a rule about the old value',
      post(
        MACHINES,
        ours('PackagingMachine', 'm', {
          connectorRef: { name: 'c' },
          layerVersion: 'v',
          key: 'k',
        }),
      ),
      merge(`${MACHINES}/m`, { spec: { key: 'other' } }),
      merge(`${MACHINES}/m`, { metadata: { labels: { a: 'b' } } }),
      merge(`${MACHINES}/m/status`, { status: { power: 'off', created: true } }),
      merge(`${MACHINES}/m/status`, { status: { power: 'no' } }),
      merge(`${MACHINES}/m/status`, { status: { progress: { step: 's', percent: 101 } } }),
    ),
    asking(
      'app layers',
      post(APP_LAYERS, appLayer('a')),
      post(APP_LAYERS, appLayer('b', { osLayer: null })),
      post(APP_LAYERS, appLayer('c', { packaging: {} })),
      post(APP_LAYERS, appLayer('d', { versions: [{ name: '1' }] })),
    ),
    asking(
      'unknown fields warn',
      post(OS_LAYERS, osLayer('a', { nothing: 1, other: { deep: 2 } })),
      post(OS_LAYERS, { ...osLayer('b'), nothing: 1 }),
      post(OS_LAYERS, osLayer('c', {}, { nothing: 1 })),
      post(OS_LAYERS, osLayer('d', { versions: [{ name: '1', from: '0', x: 1 }, { name: '0' }] })),
    ),
    asking(
      'unknown fields are refused by Strict',
      post(`${OS_LAYERS}?fieldValidation=Strict`, osLayer('a', { nothing: 1, other: 2 })),
      post(`${OS_LAYERS}?fieldValidation=Strict`, { ...osLayer('b'), nothing: 1 }),
      post(`${OS_LAYERS}?fieldValidation=Strict`, osLayer('c', {}, { nothing: 1 })),
      post(`${OS_LAYERS}?fieldValidation=Strict`, { ...osLayer('d'), status: { nothing: 1 } }),
      post(`${CONFIG_MAPS}?fieldValidation=Strict`, configMap('e', { nothing: 1 })),
    ),
    asking(
      'unknown fields are silent with Ignore',
      post(`${OS_LAYERS}?fieldValidation=Ignore`, osLayer('a', { nothing: 1 })),
      post(`${CONFIG_MAPS}?fieldValidation=Ignore`, configMap('e', { nothing: 1 })),
    ),
    asking(
      'Strict and a wrong value',
      post(`${OS_LAYERS}?fieldValidation=Strict`, osLayer('a', { nothing: 1, displayName: 5 })),
      post(`${CONFIG_MAPS}?fieldValidation=Strict`, configMap('e', { nothing: 1, data: 5 })),
    ),
    asking(
      'a doubled key is told',
      post(`${CONFIG_MAPS}?fieldValidation=Strict`, BODIES.at(-2)?.[1]),
      post(`${CONFIG_MAPS}?fieldValidation=Warn`, BODIES.at(-2)?.[1]),
      post(`${CONFIG_MAPS}?fieldValidation=Ignore`, BODIES.at(-2)?.[1]),
    ),
    asking(
      'Strict sees unknown fields below the status',
      post(OS_LAYERS, osLayer('a')),
      merge(`${L}?fieldValidation=Strict`, { status: { nothing: 1 } }),
      merge(`${L}/status?fieldValidation=Strict`, { status: { nothing: 1 } }),
      merge(`${L}/status?fieldValidation=Strict`, { spec: { nothing: 1 } }),
      put(`${L}?fieldValidation=Strict`, {
        ...osLayer('a', {}, { resourceVersion: '{0.metadata.resourceVersion}' }),
        status: { nothing: 1 },
      }),
    ),
    asking('what was pruned is not there', post(OS_LAYERS, osLayer('a', { x: 1 })), get(L)),
    asking(
      'wrong types of built-in fields',
      post(CONFIG_MAPS, configMap('a', { data: { a: 1 } })),
      post(CONFIG_MAPS, configMap('a', { data: { a: true } })),
      post(CONFIG_MAPS, configMap('a', { data: ['x'] })),
      post(CONFIG_MAPS, configMap('a', { immutable: 'yes' })),
      post(CONFIG_MAPS, configMap('a', { binaryData: { a: '!' } })),
      post(CONFIG_MAPS, configMap('a', {}, { generation: 'x' })),
      post(CONFIG_MAPS, configMap('a', {}, { creationTimestamp: 'yesterday' })),
    ),
    asking(
      'a null in a map of a built-in',
      post(CONFIG_MAPS, configMap('a', { data: { a: null } })),
    ),
  ],
};
