import { conditionOf, type ApiObject } from '../../../src/api/object.ts';
import { API_VERSION } from '../../../src/api/kind.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { noMetrics, type Metrics } from '../../../src/host/metrics.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { eventually } from '../../support/eventually.ts';
import { follow, object } from '../../support/installation.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { ToyOutside } from '../../support/toy-outside.ts';
import { startToyController } from '../../support/toy-world.ts';

const APPS = 200;
const disk = { file: 'os.raw', format: 'raw', sha256: 'a'.repeat(64) };

function objects(): readonly ApiObject[] {
  const apps = Array.from({ length: APPS }, (_, i) => {
    const versions = [{ name: '1', osVersion: '1', install: { steps: [{ run: `app ${i}` }] } }];
    return object('AppLayer', `app-${i}`, {
      osLayer: { name: 'tiny' },
      packaging: { connectorRef: { name: 'here' } },
      channels: { prod: '1' },
      versions,
    });
  });
  const templates = Array.from({ length: 20 }, (_, i) =>
    object('ImageTemplate', `desk-${i}`, {
      osLayer: { name: 'tiny', channel: 'prod' },
      appLayers: [{ name: `app-${i}`, channel: 'prod' }],
      targets: [{ name: 'here', connectorRef: { name: 'here' }, provisioning: 'None' }],
    }),
  );
  return [
    object('ConnectorConfig', 'here', { local: {} }),
    object('OSLayer', 'tiny', {
      channels: { prod: '1' },
      versions: [{ name: '1', import: { disk } }],
    }),
    ...apps,
    ...templates,
  ];
}

/** Counts passes by controller. */
function counting(): { readonly metrics: Metrics; readonly passes: Map<string, number> } {
  const passes = new Map<string, number>();
  const add: Metrics['add'] = (name, by, { controller = '' }) => {
    if (name !== 'controller_runtime_reconcile_total') return;
    passes.set(controller, (passes.get(controller) ?? 0) + by);
  };
  return { metrics: { ...noMetrics, add }, passes };
}

/** Resolves when no pass has begun for many turns of the event loop. */
async function rest(passes: ReadonlyMap<string, number>): Promise<void> {
  const total = () => [...passes.values()].reduce((sum, one) => sum + one, 0);
  let before = -1;
  let calm = 0;
  await eventually(() => {
    calm = total() === before ? calm + 1 : 0;
    before = total();
    return calm > 100;
  }, 'the controllers rest');
}

async function writeStatus(client: KubeClient, version: ApiObject, status: object): Promise<void> {
  const { namespace, name } = version.metadata;
  const target = { namespace, name };
  const resource = resourceOf('LayerVersion');
  await client.mergePatch(resource, target, { status }, { subresource: 'status' });
}

describe('one write to an OS version', () => {
  it('wakes only what depends on it', async () => {
    const outside = new ToyOutside();
    // Everything is in the store already: no machine, no job.
    const content = `sha256:${'1'.repeat(64)}` as const;
    Object.assign(outside.index, {
      find: async (repository: string, tag: string) => {
        return { repository, tag, manifest: content, content, sizeBytes: 1 };
      },
    });
    const { metrics, passes } = counting();
    const controller = await startToyController(outside, metrics);
    const { client } = controller;
    for (const each of objects()) await client.create(resourceOf(each.kind), each);
    await follow(client, 'ImageTemplate', (one) => one.metadata.name === 'desk-19');
    await rest(passes);
    const [os] = (await client.list(resourceOf('LayerVersion'))).items.filter(({ metadata }) =>
      metadata.name.startsWith('osl-'),
    );
    if (os === undefined) throw new Error('there is no OS version');
    expect(os.apiVersion).toBe(API_VERSION);

    // What others do not read: progress.
    passes.clear();
    await writeStatus(client, os, { progress: { step: 'somebody else', percent: 10 } });
    await rest(passes);
    const { layerversion = 0, ...others } = Object.fromEntries(passes);
    expect(others).toEqual({});
    expect(layerversion).toBeLessThanOrEqual(2);
    await controller.stop();
  });
});

describe('a layer that closes a cycle of prerequisites', () => {
  it('wakes every layer in it, not only the one above', async () => {
    const controller = await startToyController(new ToyOutside());
    const { client } = controller;
    const needs = { a: 'b', b: 'c', c: 'd', d: 'a' };
    for (const [name, below] of Object.entries(needs)) {
      const prerequisites = [{ name: below, version: '1' }];
      await client.create(
        resourceOf('AppLayer'),
        object('AppLayer', name, {
          osLayer: { name: 'tiny' },
          packaging: { connectorRef: { name: 'here' } },
          versions: [{ name: '1', osVersion: '1', prerequisites }],
        }),
      );
      await follow(client, 'AppLayer', (one) => {
        return one.metadata.name === name && one.status?.conditions !== undefined;
      });
    }
    for (const name of Object.keys(needs)) {
      await follow(client, 'AppLayer', (one) => {
        const message = conditionOf(one, 'Stalled')?.message;
        return one.metadata.name === name && message?.includes(`cycle: ${name} 1 needs`) === true;
      });
    }
    await controller.stop();
  });
});
