import { contradictions, versionCircles } from '../../../src/api/references/contradictions.ts';
import type { Find } from '../../../src/api/references/declared.ts';
import { observeTemplate } from '../../../src/reconcilers/image-template/observe.ts';
import { planTemplate } from '../../../src/reconcilers/image-template/plan.ts';
import { observeLayer } from '../../../src/reconcilers/layers/observe.ts';
import type {
  AppLayer,
  ImageTemplate,
  Layer,
  OSLayer,
  PlatformLayer,
} from '../../../src/reconcilers/objects.ts';
import type { Lister, Listers, Ports } from '../../../src/reconcilers/ports.ts';
import { validateSnapshot } from '../../../src/sources/validate.ts';
import { appLayer, imageTemplate, osLayer } from '../../support/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

interface Declarations {
  readonly os?: OSLayer;
  readonly platform?: PlatformLayer;
  readonly apps?: readonly AppLayer[];
  readonly template?: ImageTemplate;
}

const disk = { file: 'tiny.raw', format: 'raw' as const, sha256: 'a'.repeat(64) };
const packaging = { connectorRef: { name: 'here' } };
const tiny = osLayer({ versions: [{ name: '1', import: { disk } }] });

/** An app layer whose versions need what is written as "layer version". */
function app(
  name: string,
  needs: Readonly<Record<string, readonly string[]>>,
  os = 'tiny',
): AppLayer {
  return appLayer(name, {
    osLayer: { name: os },
    versions: Object.entries(needs).map(([version, others]) => ({
      name: version,
      osVersion: '1',
      prerequisites: others.map((other) => {
        const [layer = '', below = ''] = other.split(' ');
        return { name: layer, version: below };
      }),
    })),
  });
}

/** What `validate` says of a set: field and sentence. */
function validated(objects: readonly (Layer | ImageTemplate)[]): readonly string[] {
  const text = objects
    .map(({ metadata: { name }, ...rest }) => JSON.stringify({ ...rest, metadata: { name } }))
    .join('\n---\n');
  const { problems } = validateSnapshot({ files: [{ path: 'a.yaml', text }], problems: [] });
  return problems.map(({ message }) => message);
}

function lister<Item extends Layer | ImageTemplate>(items: readonly Item[] = []): Lister<Item> {
  return {
    get: (_namespace, name) => items.find(({ metadata }) => metadata.name === name),
    by: () => [],
  };
}

/** What the controllers say of a set. */
async function controlled({
  os,
  platform,
  apps = [],
  template,
}: Declarations): Promise<readonly string[]> {
  const none = { get: () => undefined, by: () => [] };
  const listers: Listers = {
    connectorConfigs: none,
    layerVersions: none,
    packagingMachines: none,
    imageTemplates: none,
    layeredImages: none,
    osLayers: lister(os && [os]),
    platformLayers: lister(platform && [platform]),
    appLayers: lister(apps),
  };
  const store: Ports['store'] = {
    installId: 'i',
    find: async () => undefined,
    evidence: {
      composed: async () => undefined,
      inspection: async () => undefined,
      forgetComposed: async () => undefined,
      forgetInspection: async () => undefined,
    },
    listTags: async () => [],
  };
  const layers: readonly Layer[] = [...(os ? [os] : []), ...(platform ? [platform] : []), ...apps];
  const worlds = await Promise.all(layers.map((layer) => observeLayer({ listers, store }, layer)));
  const plan = template && planTemplate(template, observeTemplate({ listers, store }, template));
  return [
    ...worlds.flatMap(({ identified }) =>
      [...identified.values()].flatMap((one) => (one.as === 'wrong' ? [one.message] : [])),
    ),
    ...(plan?.verdict === 'stalled' ? [plan.message] : []),
  ];
}

describe('references that contradict each other', () => {
  it.each<{ why: string; set: Declarations; fields: readonly string[]; told: readonly string[] }>([
    {
      why: 'two versions that need each other',
      set: { apps: [app('a', { 1: ['b 1'] }), app('b', { 1: ['a 1'] })] },
      fields: ['spec.versions[0].prerequisites', 'spec.versions[0].prerequisites'],
      told: [
        'prerequisites form a cycle: a 1 needs b 1 needs a 1',
        'prerequisites form a cycle: b 1 needs a 1 needs b 1',
      ],
    },
    {
      why: 'a loop over three layers, on each of them, and not on who only leads there',
      set: {
        apps: [
          app('a', { 1: ['b 1'] }),
          app('b', { 1: ['c 1'] }),
          app('c', { 1: [], 2: [], 3: ['b 1'], 4: ['d 1'] }),
          app('d', { 1: ['e 1'] }),
          app('e', { 1: ['c 4'] }),
          app('f', { 1: ['c 4', 'a 1'] }),
        ],
      },
      fields: [
        'spec.versions[3].prerequisites',
        'spec.versions[0].prerequisites',
        'spec.versions[0].prerequisites',
      ],
      told: [
        'prerequisites form a cycle: c 4 needs d 1 needs e 1 needs c 4',
        'prerequisites form a cycle: d 1 needs e 1 needs c 4 needs d 1',
        'prerequisites form a cycle: e 1 needs c 4 needs d 1 needs e 1',
      ],
    },
    {
      why: 'what lies between two loops is in neither',
      set: {
        apps: [
          app('a', { 1: ['b 1'] }),
          app('b', { 1: ['a 1', 'c 1'] }),
          app('c', { 1: ['d 1'] }),
          app('d', { 1: ['e 1'] }),
          app('e', { 1: ['d 1'] }),
        ],
      },
      fields: [0, 0, 0, 0].map((index) => `spec.versions[${index}].prerequisites`),
      told: [
        'prerequisites form a cycle: a 1 needs b 1 needs a 1',
        'prerequisites form a cycle: b 1 needs a 1 needs b 1',
        'prerequisites form a cycle: d 1 needs e 1 needs d 1',
        'prerequisites form a cycle: e 1 needs d 1 needs e 1',
      ],
    },
    {
      why: 'its own layer as a prerequisite',
      set: { apps: [app('a', { 1: [], 2: ['a 1'] })] },
      fields: ['spec.versions[1].prerequisites[0].name'],
      told: ['version 2 has its own layer as a prerequisite'],
    },
    {
      why: 'a prerequisite of another operating system',
      set: { apps: [app('a', { 1: ['b 1'] }), app('b', { 1: [] }, 'other')] },
      fields: ['spec.versions[0].prerequisites[0].name'],
      told: ['AppLayer "b" belongs to OSLayer "other", not to "tiny"'],
    },
    {
      why: 'versions of an operating system that start from each other, one by default',
      set: { os: osLayer({ packaging, versions: [{ name: '1', from: '2' }, { name: '2' }] }) },
      fields: ['spec.versions[0].from', 'spec.versions[1].from'],
      told: [
        'versions start from each other: tiny 1 from tiny 2 from tiny 1',
        'versions start from each other: tiny 2 from tiny 1 from tiny 2',
      ],
    },
    {
      why: 'an application that is listed twice',
      set: {
        template: imageTemplate({
          appLayers: [
            { name: 'a', version: '1' },
            { name: 'a', version: '2' },
          ],
        }),
      },
      fields: ['spec.appLayers[1]'],
      told: ['AppLayer "a" is listed twice'],
    },
    {
      why: 'an application of another operating system',
      set: {
        apps: [app('a', { 1: [] }, 'other')],
        template: imageTemplate({ appLayers: [{ name: 'a', version: '1' }] }),
      },
      fields: ['spec.appLayers[0].name'],
      told: ['AppLayer "a" belongs to OSLayer "other", not to "tiny"'],
    },
    {
      why: 'a platform of another operating system',
      set: {
        platform: {
          ...appLayer('tools', {}),
          kind: 'PlatformLayer',
          spec: {
            osLayer: { name: 'other' },
            platform: { hypervisor: 'qemu' },
            packaging,
            versions: [{ name: '1', osVersion: '1' }],
          },
        },
        template: imageTemplate({ platformLayer: { name: 'tools', version: '1' } }),
      },
      fields: ['spec.platformLayer.name'],
      told: ['PlatformLayer "tools" belongs to OSLayer "other", not to "tiny"'],
    },
    {
      why: 'nothing where layers are not there yet',
      set: {
        apps: [app('a', { 1: ['z 1'] })],
        template: imageTemplate({ appLayers: [{ name: 'y', channel: 'prod' }] }),
      },
      fields: [],
      told: [],
    },
  ])('are told alike by validate and by the controllers: $why', async ({ set, fields, told }) => {
    const { os, platform, apps = [], template } = set;
    const objects = [os, platform, ...apps, template].filter((one) => one !== undefined);
    expect(validated(objects)).toEqual(fields.map((field, i) => `${field}: ${told[i]}`));
    expect(await controlled(set)).toEqual(told);
  });

  it('leave a version that is not there yet to who waits', async () => {
    const apps = [app('a', { 1: ['b 2'] }), app('b', { 1: [] })];
    expect(validated([tiny, ...apps])).toEqual([
      'spec.versions[0].prerequisites[0].version: AppLayer "b" has no version "2"; it has "1"',
    ]);
    expect(await controlled({ os: tiny, apps })).toEqual([]);
  });
});

describe('a hostile set', () => {
  const SIZE = 10_000;
  const names = (from: number, count: number) =>
    Array.from({ length: count }, (_, i) => `a${from + i} 1`);
  const apps = (needs: (i: number) => readonly string[]) =>
    new Map(Array.from({ length: SIZE }, (_, i) => [`a${i}`, app(`a${i}`, { 1: needs(i) })]));

  it.each([
    { why: 'a ring', set: apps((i) => [`a${(i + 1) % SIZE} 1`]), edges: SIZE, told: 100 },
    { why: 'a chain', set: apps((i) => names(i + 1, 1)), edges: SIZE, told: 0 },
    { why: 'a dense graph', set: apps((i) => names(i + 1, 16)), edges: 16 * SIZE, told: 0 },
    {
      why: 'a dense graph of loops',
      set: apps((i) => names(0, 16).map((_, k) => `a${(i * 16 + k) % SIZE} 1`)),
      edges: 16 * SIZE,
      told: 100,
    },
  ])('costs one look along each reference, and no stack: $why', ({ set, edges, told }) => {
    let looks = 0;
    const find: Find = (_from, _role, name) => {
      looks += 1;
      return set.get(name);
    };
    const all = [...set.values()];
    const circles = versionCircles(all, find);
    expect(looks).toBe(edges);
    const some = all.filter((_, i) => i % 100 === 0);
    const loops = some.map((layer) => circles({ layer, version: '1' }));
    expect(loops.filter((path) => path !== undefined)).toHaveLength(told);
  });

  it('is looked at only as far as a layer leads', () => {
    const set = apps((i) => names(i + 1, 1));
    const seen: string[] = [];
    const find: Find = (_from, _role, name) => {
      seen.push(name);
      return set.get(name);
    };
    const last = set.get(`a${SIZE - 3}`);
    expect(last && contradictions(last, find)).toEqual([]);
    expect(new Set(seen)).toEqual(new Set([SIZE - 2, SIZE - 1, SIZE].map((i) => `a${i}`)));
  });
});
