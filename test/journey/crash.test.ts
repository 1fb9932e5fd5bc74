import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiObject } from '../../src/api/object.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import { holds, stageOf } from '../../src/reconcilers/objects.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootGuest } from '../support/guest.ts';
import { createAll, follow, Installation, object } from '../support/installation.ts';
import { describe, expect, it } from '../support/runner.ts';

function manifests(installation: Installation): readonly ApiObject[] {
  const steps = [{ run: 'echo installed >> /etc/proof' }];
  return [
    ...installation.base(),
    object('AppLayer', 'tool', {
      osLayer: { name: 'tiny' },
      packaging: { connectorRef: { name: 'here' } },
      versions: [{ name: '1', osVersion: '1', install: { steps } }],
    }),
    object('ImageTemplate', 'desk', {
      osLayer: { name: 'tiny', channel: 'prod' },
      appLayers: [{ name: 'tool', version: '1' }],
      targets: [{ name: 'here', connectorRef: { name: 'here' }, provisioning: 'None' }],
    }),
  ];
}

const isApp = (version: ApiObject) => version.metadata.name.startsWith('apl-');
const inStage = (stage: string) => (item: ApiObject) => stageOf(item) === stage;
const isReady = (item: ApiObject) => holds(item, 'Ready');

describe('lamina up, killed and started again', () => {
  it('ends in the same state with one machine and one image, and finds all of it without its database', async () => {
    await using folder = await temporaryFolder();
    await using installation = await Installation.create(folder.path);

    const first = await installation.start();
    await createAll(first.client, manifests(installation));
    await follow(
      first.client,
      'LayerVersion',
      (item) => isApp(item) && stageOf(item) === 'Packaging',
    );
    await first.kill();
    // The machine belongs to nobody now, and goes on.
    expect(await installation.machineProcesses()).toHaveLength(1);

    const second = await installation.start();
    await follow(second.client, 'LayerVersion', (item) => isApp(item) && isReady(item));
    await follow(second.client, 'LayeredImage', inStage('Publishing'));
    await second.kill();
    expect(await installation.machineProcesses()).toHaveLength(1);

    const third = await installation.start();
    const image = await follow(third.client, 'LayeredImage', isReady);
    const template = await follow(third.client, 'ImageTemplate', isReady);
    expect((await third.client.list(resourceOf('LayeredImage'))).items).toHaveLength(1);
    expect((await third.client.list(resourceOf('PackagingMachine'))).items).toEqual([]);
    expect(await installation.machineProcesses()).toEqual([]);
    const [published, ...others] = await installation.machineFiles('.qcow2');
    expect(others).toEqual([]);
    expect(image.status).toMatchObject({ location: { path: published } });
    await third.stop();

    // The installation ran once, in one machine: a second run would have written a second line.
    await using guest = await bootGuest({ path: published ?? '', format: 'qcow2' });
    expect((await guest.sh('cat /etc/proof')).output.trim()).toBe('installed');

    const index = await installation.storeIndex();
    for (const name of ['api.db', 'api.db-wal', 'api.db-shm']) {
      await rm(join(installation.dataDir, name), { force: true });
    }
    const fourth = await installation.start();
    const machines: string[] = [];
    const over = new AbortController();
    const watching = (async () => {
      const resource = resourceOf('PackagingMachine');
      const options = { resourceVersion: '0', signal: over.signal };
      for await (const event of fourth.client.watch(resource, options))
        machines.push(event.object.metadata.name);
    })().catch(() => undefined);
    await createAll(fourth.client, manifests(installation));
    const again = await follow(fourth.client, 'ImageTemplate', isReady);
    expect(again.status).toMatchObject({
      revision: (template.status as { revision?: string }).revision,
    });
    over.abort();
    await watching;
    expect(machines).toEqual([]);
    expect(await installation.machineFiles('.qcow2')).toEqual([published]);
    expect(await installation.storeIndex()).toBe(index);
    await fourth.stop();
  }, 600_000);
});
