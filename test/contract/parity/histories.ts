import type { Random } from '../../../src/core/clock.ts';
import { applying, asking, get, jsonPatch, merge, put, type Ask, type Case } from './case.ts';
import { APP_LAYERS, appLayer, CONFIG_MAPS } from './objects.ts';

/* Histories of one object that several managers write in all ways, made from random numbers. */

type Fields = Readonly<Record<string, unknown>>;

const APPLIERS = ['kubectl', 'flux', 'argo'];
/* Nothing empty below the metadata of our kinds: the real server stores it, does not read it, and so sees a change. */
const FINALIZERS = [['x.dev/1'], ['x.dev/2'], ['x.dev/2', 'x.dev/1']];
const WRITERS = ['editor', 'kubectl'];

/** Random choices, so that a history reads as what is chosen. */
class Choices {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  one<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    const item = items[Math.floor(this.random() * items.length)];
    if (item === undefined) throw new Error('there is nothing to choose from');
    return item;
  }

  some<Item>(items: readonly Item[]): readonly Item[] {
    const kept = items.filter(() => this.chance(0.5));
    return this.chance(0.5) ? kept : kept.toReversed();
  }

  /** Some of these keys, at least one, each with one of the values. */
  map(keys: readonly string[], values: readonly unknown[]): Fields {
    const kept = [...new Set([this.one(keys), ...this.some(keys)])];
    return Object.fromEntries(kept.map((key) => [key, this.one(values)]));
  }

  maybe(name: string, value: () => unknown): Fields {
    return this.chance(0.6) ? { [name]: value() } : {};
  }
}

function metadata(choose: Choices, name: string): Fields {
  return {
    name,
    ...choose.maybe('labels', () => choose.map(['a', 'b', 'x.dev/c'], ['1', '2'])),
    ...choose.maybe('annotations', () => choose.map(['d', 'constructor'], ['1', '<&>'])),
    ...(choose.chance(0.2) ? { finalizers: choose.one(FINALIZERS) } : {}),
  };
}

function settings(choose: Choices): Fields {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(choose, 'a'),
    ...choose.maybe('data', () => choose.map(['p', 'q', '.r'], ['1', '2', 'ü"'])),
    ...(choose.chance(0.2) ? { binaryData: choose.map(['s'], ['AAAA', 'AAEC']) } : {}),
  };
}

function version(choose: Choices, name: string): Fields {
  const steps = () =>
    choose.some([{ run: 'one' }, { run: 'two', timeout: '1m' }, { run: 'three' }]);
  return {
    name,
    osVersion: choose.one(['1', '2']),
    ...choose.maybe('instructions', () => choose.one(['wait', 'go'])),
    ...(choose.chance(0.3) ? { install: { steps: steps() } } : {}),
    ...(choose.chance(0.3) ? { passed: choose.map(['Finalize'], ['x', 'y']) } : {}),
  };
}

function layer(choose: Choices): Fields {
  return {
    apiVersion: 'lamina.dev/v1alpha1',
    kind: 'AppLayer',
    metadata: metadata(choose, 'a'),
    spec: {
      ...choose.maybe('displayName', () => choose.one(['A', 'B', ''])),
      ...choose.maybe('osLayer', () => ({ name: choose.one(['win11', 'win12']) })),
      ...choose.maybe('packaging', () => ({ connectorRef: { name: 'lab' } })),
      ...choose.maybe('channels', () => choose.map(['prod', 'test'], ['1', '2'])),
      ...choose.maybe('versions', () =>
        choose.some(['1', '2', '3', '4']).map((name) => version(choose, name)),
      ),
    },
  };
}

function status(choose: Choices): Fields {
  const condition = (type: string) => ({
    type,
    status: choose.one(['True', 'False']),
    reason: choose.one(['One', 'Two']),
    message: 'm',
    lastTransitionTime: '2001-01-01T00:00:00Z',
  });
  return {
    ...choose.maybe('observedGeneration', () => choose.one([1, 2])),
    ...choose.maybe('conditions', () => choose.some(['Ready', 'Available', 'Odd']).map(condition)),
  };
}

/** Changes that are no configuration of the kind, or that a merge cannot hold. */
function spoiled(choose: Choices, configuration: Fields, isOurs: boolean): Fields {
  const wrong: readonly Fields[] = [
    { unknown: 1 },
    { metadata: { name: 'a', managedFields: [] } },
    { metadata: { name: 'b' } },
    { metadata: { name: 'a', resourceVersion: '1' } },
    ...(isOurs
      ? [
          { spec: 'text' },
          { spec: { versions: [{ name: '1' }, { name: '1' }] } },
          { spec: { versions: [{ osVersion: '1' }] } },
          { spec: { versions: [null] } },
        ]
      : [
          { metadata: { name: 'a', labels: { a: null } } },
          { data: 'text' },
          { data: { a: 1 } },
          { data: null },
          { data: { a: null } },
        ]),
  ];
  return { ...configuration, ...choose.one(wrong) };
}

interface Target {
  readonly path: string;
  readonly make: (choose: Choices) => Fields;
  readonly hasStatus: boolean;
}

function step(choose: Choices, { path, make, hasStatus }: Target): Ask {
  const writer = `fieldManager=${choose.one(WRITERS)}`;
  const { metadata: meta, ...content } = make(choose);
  const whole = { ...content, metadata: meta };
  const force = choose.chance(0.3);
  const by = { manager: choose.one(APPLIERS), force };
  const dry = choose.chance(0.1) ? '&dryRun=All' : '';
  if (hasStatus && choose.chance(0.25)) {
    const said = { ...whole, metadata: { name: 'a' }, status: status(choose) };
    return choose.chance(0.5)
      ? applying(`${path}/status`, said, by)
      : merge(`${path}/status?${writer}`, { status: said.status });
  }
  const kind = choose.one([
    'apply',
    'apply',
    'apply',
    'apply',
    'merge',
    'put',
    'owners',
    'spoiled',
  ]);
  switch (kind) {
    case 'merge':
      return merge(`${path}?${writer}${dry}`, { ...content, metadata: { ...(meta as Fields) } });
    case 'put':
      return put(`${path}?${writer}${dry}`, whole);
    case 'owners':
      return jsonPatch(`${path}?${writer}`, [
        { op: 'replace', path: '/metadata/managedFields', value: choose.one([[{}], []]) },
      ]);
    case 'spoiled':
      return applying(path, spoiled(choose, whole, hasStatus), by);
    default:
      return applying(`${path}${dry === '' ? '' : '?dryRun=All'}`, whole, by);
  }
}

/** Writes before the random ones, after which both servers have stored the same. */
const SETTLED: readonly Ask[] = [
  applying(`${APP_LAYERS}/a`, appLayer('a'), { manager: 'base', force: false }),
  merge(`${APP_LAYERS}/a/status?fieldManager=base`, { status: { observedGeneration: 1 } }),
];

/** So many writes of one object. */
export function history(random: Random, why: string, length: number): Case {
  const choose = new Choices(random);
  const isOurs = choose.chance(0.6);
  const path = `${isOurs ? APP_LAYERS : CONFIG_MAPS}/a`;
  const target = { path, make: isOurs ? layer : settings, hasStatus: isOurs };
  const steps = Array.from({ length }, () => step(choose, target));
  return asking(why, ...(isOurs ? SETTLED : []), ...steps, get(path));
}
