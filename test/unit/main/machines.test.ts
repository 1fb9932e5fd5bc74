import type { ApiObject } from '../../../src/api/object.ts';
import { transient } from '../../../src/core/failure.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { EVENTS, resourceOf, type KubeObject } from '../../../src/kube/resource.ts';
import { holds, stageOf } from '../../../src/reconcilers/objects.ts';
import { eventually } from '../../support/eventually.ts';
import { until } from '../../support/until.ts';
import { follow, object } from '../../support/installation.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { ToyOutside } from '../../support/toy-outside.ts';
import { startToyController } from '../../support/toy-world.ts';

const disk = { file: 'os.raw', format: 'raw', sha256: 'a'.repeat(64) };
const install = { steps: [{ run: 'true' }] };

function app(name: string, more: object = { install }): ApiObject {
  return object('AppLayer', name, {
    osLayer: { name: 'tiny' },
    packaging: { connectorRef: { name: 'here' } },
    channels: { prod: '1' },
    versions: [{ name: '1', osVersion: '1', ...more }],
  });
}

async function begin(
  client: KubeClient,
  limits: object,
  apps: readonly ApiObject[],
): Promise<void> {
  const all = [
    object('ConnectorConfig', 'here', { local: {}, ...limits }),
    object('OSLayer', 'tiny', {
      channels: { prod: '1' },
      versions: [{ name: '1', import: { disk } }],
    }),
    ...apps,
  ];
  for (const each of all) await client.create(resourceOf(each.kind), each);
}

const isApp = (version: ApiObject) => version.metadata.name.startsWith('apl-');
const isReady = (version: ApiObject) => isApp(version) && holds(version, 'Ready');
const count = (effects: readonly string[], name: string) =>
  effects.filter((effect) => effect === name).length;

describe('machines of versions', () => {
  it('are started over when they die, three times, each told once, then a person is asked', async () => {
    const outside = new ToyOutside();
    outside.found = () => ({ verdict: 'unattested', hint: 'It lost its power.' });
    const controller = await startToyController(outside);
    await begin(controller.client, {}, [app('tool')]);
    const asked = await follow(
      controller.client,
      'LayerVersion',
      (version) => isApp(version) && stageOf(version) === 'ActionRequired',
    );
    expect(asked.status).toMatchObject({
      action: { gate: 'InstallFailed', text: expect.stringContaining('started over 3 times') },
      attempts: { count: 3 },
      attended: true,
    });
    expect(count(outside.effects, 'create packaging machine')).toBe(4);
    // The composition is the same for all of them.
    expect(count(outside.effects, 'start compose')).toBe(1);
    const told = async () => {
      const { items } = await controller.client.list<KubeObject & { reason?: string }>(EVENTS);
      return items.filter(({ reason }) => reason === 'StartedOver').length === 3;
    };
    await until('three events', told);
    await controller.stop();
  });

  it('are what they were when the first one that died is followed by a good one', async () => {
    const outside = new ToyOutside();
    let looks = 0;
    outside.found = () =>
      (looks += 1) === 1 ? { verdict: 'unattested', hint: 'It died.' } : { verdict: 'clean' };
    const controller = await startToyController(outside);
    await begin(controller.client, {}, [app('tool')]);
    await follow(controller.client, 'LayerVersion', isReady);
    expect(count(outside.effects, 'create packaging machine')).toBe(2);
    await controller.stop();
  });

  it('are never more than the limit, however many versions want one', async () => {
    const outside = new ToyOutside();
    let most = 0;
    outside.platform.onBoot = (key) => {
      most = Math.max(most, outside.platform.machines.size);
      setImmediate(() => outside.platform.end(key));
    };
    const controller = await startToyController(outside);
    const names = Array.from({ length: 12 }, (_, i) => `tool-${i}`);
    await begin(
      controller.client,
      { limits: { machines: 3 } },
      names.map((name) => app(name)),
    );
    for (const name of names) {
      await follow(
        controller.client,
        'LayerVersion',
        (version) => isReady(version) && version.metadata.name.startsWith(`apl-${name}-1-`),
      );
    }
    expect(most).toBeLessThanOrEqual(3);
    expect(count(outside.effects, 'create packaging machine')).toBe(12);
    await controller.stop();
  });

  it('are left alone, and their jobs ended, when their version is deleted', async () => {
    const outside = new ToyOutside();
    const cancelled: string[] = [];
    const { jobs } = outside;
    const cancel = jobs.cancel.bind(jobs);
    Object.assign(outside.jobs, {
      isKnown: (key: string) => key.includes('apl-') && cancelled.length === 0,
      cancel: async (key: string) => {
        cancelled.push(key);
        await cancel(key);
      },
    });
    outside.platform.onBoot = () => undefined;
    const controller = await startToyController(outside);
    await begin(controller.client, {}, [app('tool')]);
    await follow(controller.client, 'LayerVersion', (one) => stageOf(one) === 'Packaging');
    await controller.client.remove(resourceOf('AppLayer'), { namespace: 'default', name: 'tool' });
    await eventually(() => outside.platform.disks.size === 0, 'nothing is left');
    expect(cancelled[0]).toContain('lamina-apl-tool-1-');
    await eventually(() => outside.composed.size === 0, 'nor anything in the store');
    await controller.stop();
  });
});

describe('a job that fails', () => {
  it('costs one write of status, however often it fails in the same way', async () => {
    const outside = new ToyOutside();
    let failures = 0;
    outside.failing = ({ kind }) => {
      if (kind !== 'compose' || failures === 20) return undefined;
      failures += 1;
      return transient('NoRoom', 'the disk of the host is full');
    };
    const controller = await startToyController(outside);
    await begin(controller.client, {}, [app('tool')]);
    await follow(controller.client, 'LayerVersion', isReady);
    expect(failures).toBe(20);
    const composing = controller.writes.filter(
      ({ path, body }) =>
        /layerversions\/apl-.*\/status/.test(path) && String(body).includes('the disk of the host'),
    );
    expect(composing).toHaveLength(1);
    await controller.stop();
  });
});
