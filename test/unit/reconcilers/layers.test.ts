import { versionIdentity } from '../../../src/core/identity.ts';
import {
  identify,
  upstreamOf,
  type FindUpstream,
} from '../../../src/reconcilers/layers/identify.ts';
import type { LayerWorld } from '../../../src/reconcilers/layers/observe.ts';
import { planLayer } from '../../../src/reconcilers/layers/plan.ts';
import { viewOf } from '../../../src/reconcilers/layers/view.ts';
import type { AppLayer, LayerVersion, OSLayer } from '../../../src/reconcilers/objects.ts';
import { appLayer, condition, deployable, layerVersion, osLayer } from '../../support/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

const SHA = 'a'.repeat(64);
const OTHER_INPUTS = `sha256:${SHA}` as const;
const disk = { file: 'tiny.raw', format: 'raw' as const, sha256: SHA };
const packaging = { connectorRef: { name: 'here' } };
const install = { steps: [{ run: 'true' }] };

const os = osLayer({
  packaging,
  channels: { prod: '1' },
  versions: [
    { name: '1', import: { disk } },
    { name: '2', install },
  ],
});
const base = layerVersion(
  'osl-tiny-1-00000000',
  { role: 'os', layer: 'tiny' },
  { status: deployable('tiny') },
);
const found: FindUpstream = () => upstreamOf(base);
const none: FindUpstream = () => undefined;

function world(
  layer: OSLayer | AppLayer,
  more: Partial<LayerWorld> = {},
  find = found,
): LayerWorld {
  const view = viewOf(layer);
  return {
    view,
    identified: identify(view, find, []),
    versions: [],
    leaving: new Set(),
    storedTags: [],
    attended: new Set(),
    users: new Map(),
    ...more,
  };
}

/** The object that a layer's plan asks for, as a later pass would see it. */
function made(
  layer: OSLayer | AppLayer,
  index: number,
  status?: LayerVersion['status'],
): LayerVersion {
  const step = planLayer(world(layer));
  const creates = step.verdict === 'act' ? step.steps : [];
  const create = creates[index];
  if (create?.do !== 'create') throw new Error('the plan creates nothing there');
  return layerVersion(create.name, create.spec, status === undefined ? {} : { status });
}

describe('identity of versions', () => {
  const inputs = {
    namespace: 'a',
    role: 'app' as const,
    layer: 'x',
    version: '1',
    frozen: { n: 1 },
  };

  it.each([
    { why: 'namespace', change: { namespace: 'b' } },
    { why: 'layer', change: { layer: 'y' } },
    { why: 'version', change: { version: '2' } },
    { why: 'frozen inputs', change: { frozen: { n: 2 } } },
  ])('changes with $why', ({ change }) => {
    expect(versionIdentity({ ...inputs, ...change }).inputs).not.toBe(
      versionIdentity(inputs).inputs,
    );
  });

  it('is spelled as the design says', () => {
    expect(versionIdentity(inputs)).toMatchObject({
      objectName: expect.stringMatching(/^apl-x-1-[0-9a-f]{8}$/),
      repository: 'lamina/a/app/x',
      tag: expect.stringMatching(/^1-[0-9a-f]{8}$/),
    });
  });

  it('does not depend on who packages, who approves or what a person is told', () => {
    const edited = osLayer({
      ...os.spec,
      packaging: { connectorRef: { name: 'elsewhere' } },
      versions: [
        { name: '1', import: { disk: { ...disk, file: 'moved.raw' } } },
        { name: '2', install, gates: ['Finalize'] },
      ],
    });
    const names = (layer: OSLayer) =>
      [...identify(viewOf(layer), none, []).values()].map((item) =>
        item.as === 'version' ? item.identity.objectName : item,
      );
    expect(names(edited)).toEqual(names(os));
  });

  it('depends on what a file is, and not on the Secret that opens its server', () => {
    const named = (sha256: string, secret?: string) => {
      const file = { name: 'x', url: 'https://h/x', sha256 };
      const ref = secret === undefined ? {} : { headersSecretRef: { name: secret } };
      const versions = [
        { name: '1', import: { disk } },
        { name: '2', install: { ...install, media: [{ ...file, ...ref }] } },
      ];
      const two = identify(viewOf(osLayer({ ...os.spec, versions })), none, []).get('2');
      return two?.as === 'version' ? two : undefined;
    };
    const open = named(SHA);
    expect(named(SHA, 'a')?.identity).toEqual(open?.identity);
    expect(named(SHA, 'b')?.identity).toEqual(open?.identity);
    expect(named('b'.repeat(64), 'a')?.identity).not.toEqual(open?.identity);
    expect(named(SHA, 'a')?.spec.package?.install?.media).toMatchObject([
      { headersSecretRef: { name: 'a' } },
    ]);
  });
});

describe('planLayer', () => {
  const first = made(os, 0, deployable('tiny'));
  const second = made(os, 1);

  it.each([
    {
      why: 'each entry gets its version at once; inputs are waited for by the version',
      world: world(os),
      want: { verdict: 'act', steps: [{ do: 'create' }, { do: 'create' }] },
    },
    {
      why: 'Ready counts only what channels point at',
      world: world(os, { versions: [first, second] }),
      want: { verdict: 'settled', reason: 'Ready', available: { status: true } },
    },
    {
      why: 'a channel on a version in work is not Ready, and says what it waits for',
      world: world(osLayer({ ...os.spec, channels: { prod: '2' } }), { versions: [first, second] }),
      want: { verdict: 'waiting', reason: 'Progressing' },
    },
    {
      why: 'a channel on a stalled version stalls the layer',
      world: world(osLayer({ ...os.spec, channels: { prod: '2' } }), {
        versions: [
          first,
          {
            ...second,
            status: {
              conditions: [condition('Stalled', 'Failed'), condition('Ready', 'Failed', 'False')],
            },
          },
        ],
      }),
      want: { verdict: 'stalled', reason: 'VersionStalled' },
    },
    {
      why: 'a Deployable version is frozen',
      world: world(
        osLayer({
          ...os.spec,
          versions: [{ name: '1', import: { disk: { ...disk, sha256: 'b'.repeat(64) } } }],
        }),
        { versions: [first] },
      ),
      want: { verdict: 'stalled', reason: 'VersionFrozen' },
    },
    {
      why: 'the store alone remembers that a version is frozen',
      world: world(os, { storedTags: ['1-deadbeef'] }),
      want: { verdict: 'act', steps: [{ do: 'create', name: second.metadata.name }] },
    },
    {
      why: 'an unattended, unfinished version is superseded by an edit',
      world: world(os, {
        versions: [
          first,
          layerVersion('osl-tiny-2-deadbeef', { ...second.spec, inputs: OTHER_INPUTS }),
        ],
      }),
      want: { verdict: 'act', steps: [{ do: 'create', name: second.metadata.name }] },
    },
    {
      why: 'the superseded one goes once its successor is there',
      world: world(os, {
        versions: [
          first,
          second,
          layerVersion('osl-tiny-2-deadbeef', { ...second.spec, inputs: OTHER_INPUTS }),
        ],
      }),
      want: { verdict: 'act', steps: [{ do: 'remove', name: 'osl-tiny-2-deadbeef' }] },
    },
    {
      why: 'the work of a person is never lost to an edit',
      world: world(os, {
        versions: [
          first,
          layerVersion('osl-tiny-2-deadbeef', { ...second.spec, inputs: OTHER_INPUTS }),
        ],
        attended: new Set(['osl-tiny-2-deadbeef']),
      }),
      want: { verdict: 'waiting', reason: 'ActionRequired' },
    },
    {
      why: 'a removed entry that nobody uses goes',
      world: world(osLayer({ versions: [{ name: '1', import: { disk } }] }), {
        versions: [first, second],
      }),
      want: { verdict: 'act', steps: [{ do: 'remove', name: second.metadata.name }] },
    },
    {
      why: 'a removed entry that is used stays, with the list of its users',
      world: world(osLayer({ versions: [{ name: '1', import: { disk } }] }), {
        versions: [first, second],
        users: new Map([[second.metadata.name, 'ImageTemplate/desk']]),
      }),
      want: {
        verdict: 'settled',
        conditions: [{ type: 'Retained', message: expect.stringContaining('ImageTemplate/desk') }],
      },
    },
    {
      why: 'an object that is still being deleted is waited for, not created over',
      world: world(os, { versions: [first], leaving: new Set([second.metadata.name]) }),
      want: { verdict: 'settled', message: expect.stringContaining('old object') },
    },
    {
      why: 'git approves by token',
      world: world(
        osLayer({
          ...os.spec,
          versions: [{ name: '1', import: { disk }, passed: { Finalize: 'abc' } }],
        }),
        { versions: [first] },
      ),
      want: {
        verdict: 'act',
        steps: [{ do: 'annotate', annotations: { 'gates.lamina.dev/Finalize': 'abc' } }],
      },
    },
  ])('$why', ({ world, want }) => {
    expect(planLayer(world)).toMatchObject(want);
  });

  it('waits for an operating system that is not there yet', () => {
    const app = appLayer('tool', {
      channels: { prod: '1' },
      versions: [{ name: '1', osVersion: '9', install }],
    });
    expect(planLayer(world(app, {}, none))).toMatchObject({
      verdict: 'waiting',
      message: expect.stringContaining('OSLayer/tiny version 9'),
    });
  });
});
