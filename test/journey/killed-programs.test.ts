import { join } from 'node:path';
import { System } from '../../examples/demo/system.ts';
import type { ApiObject } from '../../src/api/object.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { EVENTS, resourceOf } from '../../src/kube/resource.ts';
import { holds } from '../../src/reconcilers/objects.ts';
import { temporaryFolder } from '../support/folder.ts';
import { workTree } from '../support/git.ts';
import { bootGuest } from '../support/guest.ts';
import { follow, Installation, toolAndDesk } from '../support/installation.ts';
import { Killer } from '../support/killer.ts';
import { seeded } from '../support/random.ts';
import { describe, expect, it } from '../support/runner.ts';
import { SEED } from '../support/soak.ts';

/**
 * So often each program is killed, at moments that follow from the seed: a machine is started over three times at
 * most, and a job waits twice as long after each failure.
 */
const MOST = {
  'read-worker.ts': 1,
  git: 2,
  'worker.ts': 2,
  'qemu-img': 2,
  'qemu-nbd': 1,
  debugfs: 1,
  e2fsck: 1,
  'qemu-system-x86_64': 2,
};

const KINDS = ['OSLayer', 'AppLayer', 'ImageTemplate', 'LayerVersion', 'LayeredImage'];
const BLAME = /damaged|is refused|too large|made again from|Check the disk|cannot be read/i;

/** All that people are told from now on that blames what they gave. */
function blame(client: KubeClient): { readonly words: string[]; stop(): Promise<void> } {
  const words: string[] = [];
  const over = new AbortController();
  const watches = [...KINDS.map(resourceOf), EVENTS].map(async (resource) => {
    const options = { resourceVersion: '0', signal: over.signal };
    for await (const { object: item } of client.watch(resource, options)) {
      const text = JSON.stringify({ ...item, metadata: item.metadata.name, spec: undefined });
      if (BLAME.test(text) || holds(item, 'Stalled')) words.push(text);
    }
  });
  const stopped = Promise.allSettled(watches);
  return {
    words,
    stop: async () => {
      over.abort();
      await stopped;
    },
  };
}

const isReady = (item: ApiObject) => holds(item, 'Ready');

describe('a host that kills programs for want of memory', () => {
  it('ends in the same state, with one image and nothing left, and blames nobody', async () => {
    await using folder = await temporaryFolder();
    await using installation = await Installation.create(folder.path);
    const tree = await workTree(join(folder.path, 'tree'));
    const text = [...installation.base(), ...toolAndDesk('here')].map((each) =>
      JSON.stringify(each),
    );
    await tree.write('all.yaml', text.join('\n---\n'));
    await tree.commit();

    const { dataDir, importRoot } = installation;
    const source = `file://${tree.path}/.git#main`;
    await using stack = new AsyncDisposableStack();
    const system = await System.start({ dataDir, importRoot, source });
    stack.defer(() => system.stop());
    const told = blame(system.client);
    let image: ApiObject;
    {
      await using killer = new Killer(system.pid, MOST, seeded(SEED));
      await follow(system.client, 'ImageTemplate', isReady);
      image = await follow(system.client, 'LayeredImage', isReady);
      // Some live shorter than it takes to find them.
      expect([killer.killed, new Set(killer.killed).size > 5]).toEqual([killer.killed, true]);
    }
    await told.stop();
    expect([...told.words, ...system.log.filter((line) => BLAME.test(line))]).toEqual([]);
    expect((await system.client.list(resourceOf('LayeredImage'))).items).toHaveLength(1);
    expect((await system.client.list(resourceOf('PackagingMachine'))).items).toEqual([]);
    expect(await installation.machineProcesses()).toEqual([]);
    await system.stop();

    const { location } = image.status as { readonly location: { readonly path: string } };
    expect(await installation.machineFiles('.qcow2')).toContain(location.path);
    await using guest = await bootGuest({ path: location.path, format: 'qcow2' });
    expect((await guest.sh('cat /etc/proof')).output.trim()).toBe('installed');
  }, 600_000);
});
