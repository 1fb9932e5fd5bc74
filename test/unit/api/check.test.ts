import { appLayer } from '../../../src/api/kinds/app-layer.ts';
import { imageTemplate } from '../../../src/api/kinds/image-template.ts';
import { layerVersion } from '../../../src/api/kinds/layer-version.ts';
import { osLayer } from '../../../src/api/kinds/os-layer.ts';
import { API_VERSION, type KindDefinition } from '../../../src/api/kind.ts';
import { checkObject } from '../../../src/api/validation/check.ts';
import { describe, expect, it } from '../../support/runner.ts';

const SHA = 'a'.repeat(64);
const goodOs = {
  apiVersion: API_VERSION,
  kind: 'OSLayer',
  metadata: { name: 'tiny' },
  spec: {
    versions: [{ name: '1', import: { disk: { file: 'a.raw', format: 'raw', sha256: SHA } } }],
  },
};

function messages(definition: KindDefinition, candidate: unknown, old?: unknown): string[] {
  const { errors } = checkObject(definition, candidate, old === undefined ? {} : { old });
  return errors.map(({ field, message }) => `${field}: ${message}`);
}

function os(spec: unknown): unknown {
  return { ...goodOs, spec };
}

function version(fields: object): unknown {
  return os({ versions: [{ ...goodOs.spec.versions[0], ...fields }] });
}

describe('checkObject', () => {
  it('accepts a good object and fills in the status default', () => {
    const { object, unknown, errors } = checkObject(osLayer, goodOs);
    expect({ unknown, errors }).toEqual({ unknown: [], errors: [] });
    expect(object).toEqual({ ...goodOs, status: { observedGeneration: -1 } });
  });

  // The texts are those of kube-apiserver (k8s.io/apimachinery field errors, kube-openapi messages).
  it.each([
    {
      why: 'a missing spec',
      candidate: { ...goodOs, spec: undefined },
      want: 'spec: Required value',
    },
    { why: 'a spec of null is a missing one', candidate: os(null), want: 'spec: Required value' },
    {
      why: 'a list for an object',
      candidate: os([]),
      want: 'spec: Invalid value: "array": spec in body must be of type object: "array"',
    },
    {
      why: 'a number for text',
      candidate: version({ name: 1 }),
      want: 'spec.versions[0].name: Invalid value: "integer": spec.versions[0].name in body must be of type string: "integer"',
    },
    {
      why: 'a pattern that does not match',
      candidate: version({ name: 'A b' }),
      want: `spec.versions[0].name: Invalid value: "A b": spec.versions[0].name in body should match '^[a-z0-9][a-z0-9.-]{0,23}$'`,
    },
    {
      why: 'text above its bound is not given to the pattern',
      candidate: version({ name: 'A'.repeat(25) }),
      want: 'spec.versions[0].name: Too long: may not be more than 24 bytes',
    },
    {
      why: 'a word that is not one of the few',
      candidate: version({ import: { disk: { file: 'a', format: 'vhd', sha256: SHA } } }),
      want: 'spec.versions[0].import.disk.format: Unsupported value: "vhd": supported values: "raw", "qcow2"',
    },
    {
      why: 'a list above its bound',
      candidate: version({ gates: ['Finalize', 'Finalize'] }),
      want: 'spec.versions[0].gates: Too many: 2: must have at most 1 item',
    },
    {
      why: 'two items under one key',
      candidate: os({ versions: [goodOs.spec.versions[0], goodOs.spec.versions[0]] }),
      want: 'spec.versions[1]: Duplicate value: {"name":"1"}',
    },
    {
      why: 'a rule of the kind',
      candidate: os({ ...goodOs.spec, channels: { prod: '2' } }),
      want: 'spec: Invalid value: every channel must name a version in spec.versions',
    },
    {
      why: 'another kind',
      candidate: { ...goodOs, kind: 'AppLayer' },
      want: 'kind: Invalid value: "AppLayer": must be OSLayer',
    },
    {
      why: 'no object at all',
      candidate: 'text',
      want: '<nil>: Invalid value: "string": <nil> in body must be of type object: "string"',
    },
  ])('refuses $why', ({ candidate, want }) => {
    expect(messages(osLayer, candidate)).toEqual([want]);
  });

  it.each([
    { why: 'below the least', limit: -1, want: 'should be greater than or equal to 0' },
    { why: 'above the most', limit: 101, want: 'should be less than or equal to 100' },
    { why: 'a broken number', limit: 1.5, want: 'must be of type integer: "number"' },
    { why: 'beyond 2^53 nothing is certain', limit: 2 ** 53, want: 'type integer: "number"' },
  ])('bounds numbers: $why', ({ limit, want }) => {
    const spec = {
      osLayer: { name: 'a', version: '1' },
      targets: [],
      revisionHistoryLimit: limit,
    };
    const [message] = messages(imageTemplate, {
      apiVersion: API_VERSION,
      kind: 'ImageTemplate',
      spec,
    });
    expect(message).toContain(want);
  });

  it.each([
    ['2026-11-21T04:00:00Z', true],
    ['2026-11-21t04:00:00.123456+01:00', true],
    ['2024-02-29T00:00:00Z', true],
    ['2026-02-29T00:00:00Z', false],
    ['2026-11-21T24:00:00Z', false],
    ['2026-11-21 04:00:00Z', false],
    ['2026-11-21', false],
  ])('knows %s as a time: %s', (since, good) => {
    const status = { action: { gate: 'g', text: 't', since } };
    const { errors } = checkObject(layerVersion, {
      apiVersion: API_VERSION,
      kind: 'LayerVersion',
      status,
    });
    expect(errors.some(({ field }) => field === 'status.action.since')).toBe(!good);
  });

  it('prunes what the schema does not know and says where it was', () => {
    const { object, unknown, errors } = checkObject(osLayer, {
      ...goodOs,
      data: {},
      spec: {
        ...goodOs.spec,
        foo: 1,
        versions: [{ ...goodOs.spec.versions[0], bar: { deep: [] } }],
      },
    });
    expect(unknown.toSorted()).toEqual(['data', 'spec.foo', 'spec.versions[0].bar']);
    expect(errors).toEqual([]);
    expect(object['spec']).toEqual(goodOs.spec);
  });

  it('lets items of a list without key repeat', () => {
    const step = { run: 'true' };
    const { errors } = checkObject(appLayer, {
      ...goodOs,
      kind: 'AppLayer',
      spec: {
        osLayer: { name: 'tiny' },
        packaging: { connectorRef: { name: 'here' } },
        versions: [{ name: '1', osVersion: '1', install: { steps: [step, step] } }],
      },
    });
    expect(errors).toEqual([]);
  });

  it('does not touch the candidate and drops nulls from fields', () => {
    const candidate = Object.freeze({
      ...goodOs,
      spec: Object.freeze({ ...goodOs.spec, displayName: null }),
    });
    expect(checkObject(osLayer, candidate).object['spec']).toEqual(goodOs.spec);
  });

  it('compares with the stored object where a rule asks for it', () => {
    const spec = {
      role: 'os',
      layer: 'tiny',
      version: '1',
      inputs: `sha256:${SHA}`,
      repository: 'r',
      tag: 't',
    };
    const stored = { apiVersion: API_VERSION, kind: 'LayerVersion', spec };
    expect(messages(layerVersion, stored, stored)).toEqual([]);
    expect(messages(layerVersion, { ...stored, spec: { ...spec, tag: 'other' } }, stored)).toEqual([
      'spec: Invalid value: spec is immutable: controllers make a new object instead',
    ]);
  });
});

describe('hostile objects', () => {
  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'treats %s as an unknown field and as an ordinary key of a map',
    (key) => {
      const spec = JSON.parse(`{"${key}": {"polluted": true}, "versions": []}`) as unknown;
      const { object, unknown } = checkObject(osLayer, os(spec));
      expect(unknown).toEqual([`spec.${key}`]);
      expect(Object.hasOwn(object['spec'] as object, key)).toBe(false);
      const channels = JSON.parse(`{"${key}": "1"}`) as unknown;
      const kept = checkObject(osLayer, os({ ...goodOs.spec, channels }));
      expect(kept.errors).toEqual([]);
      const copy = (kept.object['spec'] as { channels: object }).channels;
      expect(Object.entries(copy)).toEqual([[key, '1']]);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  it('does not enter what it does not know, however deep', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level += 1) deep = [deep];
    expect(checkObject(osLayer, { ...goodOs, deep }).unknown).toEqual(['deep']);
    expect(messages(osLayer, os(deep))).toHaveLength(1);
  });

  it('does not walk lists above their bound and keeps its answer short', () => {
    const huge = os({ versions: Array.from({ length: 100_000 }, () => ({ bad: 1 })) });
    const told = messages(osLayer, huge);
    expect(told).toContain('spec.versions: Too many: 100000: must have at most 256 items');
    expect(told.length).toBeLessThanOrEqual(100);
    expect(told.some((message) => message.startsWith('spec.versions[256]'))).toBe(false);
    const wrong = { versions: Array.from({ length: 256 }, () => ({ bad: 1 })) };
    const { unknown, errors } = checkObject(appLayer, { ...goodOs, spec: wrong });
    expect(unknown.length).toBeLessThanOrEqual(100);
    expect(errors.length).toBeLessThanOrEqual(110);
  });

  it('does not hang on text made to slow down patterns', () => {
    // So long that whatever is more than linear never ends.
    const name = `${'a-'.repeat(2_000_000)}!`;
    expect(messages(osLayer, version({ name }))).toHaveLength(1);
    expect(messages(appLayer, { ...goodOs, spec: { osLayer: { name } } }).length).toBeGreaterThan(
      0,
    );
  });
});
