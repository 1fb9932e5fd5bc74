import type { ApiObject } from '../../src/api/object.ts';
import { holds, stageOf } from '../../src/reconcilers/objects.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createAll, follow, object } from '../support/installation.ts';
import { PLACES } from '../support/journey-place.ts';
import { describe, expect, it } from '../support/runner.ts';

const SLOW = [{ run: 'sleep 3; echo installed >> /etc/proof' }];

const is = (layer: string) => (version: ApiObject) =>
  version.metadata.name.startsWith(`apl-${layer}-`);
const inStage = (layer: string, stage: string) => (version: ApiObject) =>
  is(layer)(version) && stageOf(version) === stage;

describe.each(PLACES)('a machine that installs by itself on $why', ({ open }) => {
  it('is started over when it dies, and captured although the work folder was wiped', async () => {
    await using folder = await temporaryFolder();
    await using journey = await open(folder.path);
    const system = await journey.start();
    const connectorRef = { name: journey.connector };
    await createAll(system.client, [
      ...journey.base(),
      object('AppLayer', 'tool', {
        osLayer: { name: 'tiny' },
        packaging: { connectorRef },
        versions: [{ name: '1', osVersion: '1', install: { steps: SLOW } }],
      }),
    ]);
    const first = await follow(system.client, 'LayerVersion', inStage('tool', 'Packaging'));
    expect(await journey.machines()).toBe(1);
    await journey.crashMachines();
    const counted = (version: ApiObject) =>
      (version.status as { attempts?: { count: number } } | undefined)?.attempts?.count === 1;
    await follow(system.client, 'LayerVersion', (one) => is('tool')(one) && counted(one));
    // The same version, in a new machine from the same disk.
    const again = await follow(
      system.client,
      'LayerVersion',
      (one) =>
        inStage('tool', 'Packaging')(one) &&
        holds(one, 'PackagingDiskReady') &&
        !/Starting over/.test(JSON.stringify(one.status)),
    );
    expect(again.metadata.uid).toBe(first.metadata.uid);
    await journey.wipeWork();
    const done = await follow(
      system.client,
      'LayerVersion',
      (one) => is('tool')(one) && holds(one, 'Ready'),
    );
    expect(stageOf(done)).toBe('Deployable');
    expect(await journey.machines()).toBe(0);
    await system.stop();
  });
});
