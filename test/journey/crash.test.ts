import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiObject } from '../../src/api/object.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import { holds, stageOf } from '../../src/reconcilers/objects.ts';
import { temporaryFolder } from '../support/folder.ts';
import { bootGuest } from '../support/guest.ts';
import { createAll, follow, machinesMade, toolAndDesk } from '../support/installation.ts';
import { MORE_PLACES, PLACES, type Journey } from '../support/journey-place.ts';
import { describe, expect, it } from '../support/runner.ts';

function manifests(journey: Journey): readonly ApiObject[] {
  return [...journey.base(), ...toolAndDesk(journey.connector)];
}

const isApp = (version: ApiObject) => version.metadata.name.startsWith('apl-');
const isPublishing = (item: ApiObject) => stageOf(item).startsWith('Publish');
const isReady = (item: ApiObject) => holds(item, 'Ready');

interface Found {
  readonly revision?: string;
  readonly published?: { readonly id: string };
}
const found = ({ status }: ApiObject) => (status ?? {}) as Found;

describe.each([...PLACES, ...MORE_PLACES])(
  'lamina up on $why, killed and started again',
  ({ open }) => {
    it('ends in the same state with one machine and one image, and finds all of it without its database', async () => {
      await using folder = await temporaryFolder();
      await using journey = await open(folder.path);
      const { installation } = journey;

      const first = await journey.start();
      await createAll(first.client, manifests(journey));
      await follow(
        first.client,
        'LayerVersion',
        (item) => isApp(item) && stageOf(item) === 'Packaging',
      );
      await first.kill();
      // The machine belongs to nobody now, and goes on.
      expect(await journey.machines()).toBe(1);

      const second = await journey.start();
      await follow(second.client, 'LayerVersion', (item) => isApp(item) && isReady(item));
      await follow(second.client, 'LayeredImage', isPublishing);
      await second.kill();

      const third = await journey.start();
      const image = await follow(third.client, 'LayeredImage', isReady);
      const template = await follow(third.client, 'ImageTemplate', isReady);
      expect((await third.client.list(resourceOf('LayeredImage'))).items).toHaveLength(1);
      expect((await third.client.list(resourceOf('PackagingMachine'))).items).toEqual([]);
      expect(await journey.machines()).toBe(0);
      const things = await journey.things();

      // The record of an image may go: what it published stays, and is found again.
      const { name } = image.metadata;
      await third.client.remove(resourceOf('LayeredImage'), { namespace: 'default', name });
      const other = (item: ApiObject) => isReady(item) && item.metadata.uid !== image.metadata.uid;
      expect(found(await follow(third.client, 'LayeredImage', other)).published).toEqual(
        found(image).published,
      );
      expect(await journey.things()).toEqual(things);
      await third.stop();

      // The installation ran once, in one machine: a second run would have written a second line.
      {
        await using guest = await bootGuest(journey.published(image));
        expect((await guest.sh('cat /etc/proof')).output.trim()).toBe('installed');
      }

      const index = await installation.storeIndex();
      for (const file of ['api.db', 'api.db-wal', 'api.db-shm']) {
        await rm(join(installation.dataDir, file), { force: true });
      }
      const fourth = await journey.start();
      const made = machinesMade(fourth.client);
      await createAll(fourth.client, manifests(journey));
      const again = await follow(fourth.client, 'ImageTemplate', isReady);
      expect(found(again).revision).toBe(found(template).revision);
      await made.stop();
      expect(made.names).toEqual([]);
      expect(await journey.things()).toEqual(things);
      expect(await installation.storeIndex()).toBe(index);
      await fourth.stop();
    });
  },
);
