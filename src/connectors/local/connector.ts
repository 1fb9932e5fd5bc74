import { messageOf } from '../../core/failure.ts';
import type { Connector } from '../connector.ts';
import { Disks } from './disks.ts';
import { Machines } from './machines.ts';
import { listOwned } from './owned.ts';
import { Queues } from './queues.ts';
import type { LocalOptions } from './settings.ts';
import { powerDownAll } from './power-down.ts';
import { verifyLocal } from './verify.ts';

/**
 * QEMU on this host. Machines are processes of their own: they outlive the controller and are found
 * again by the files in their folders.
 */
export function localConnector(options: LocalOptions): Connector {
  const { machinesDir, installId, log } = options;
  const watchers = new Set<(key: string) => void>();
  const queues = new Queues();
  const machines = new Machines(options, (key) => {
    for (const tell of watchers) tell(key);
  });
  const disks = new Disks(options, machines);

  const adoptAll = async (): Promise<void> => {
    const owned = await listOwned(machinesDir, installId);
    await Promise.all(
      owned.filter(({ kind }) => kind === 'machine').map(({ key }) => machines.lookAfter(key)),
    );
  };

  const change = (key: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> =>
    queues.run(key, () => {
      signal.throwIfAborted();
      return work();
    });

  return {
    platform: 'local',
    can: { overlays: true, snapshots: 'copied', proven: 'live' },
    verify: (signal) => verifyLocal(options, signal),
    findMachine: (key) => machines.find(key),
    createMachine: (key, want, signal) => change(key, signal, () => machines.create(key, want)),
    power: (key, to, signal) =>
      change(key, signal, () => {
        if (to === 'on') return machines.powerOn(key, signal);
        return to === 'off' ? machines.powerOff(key) : machines.pressPowerButton(key);
      }),
    deleteMachine: (key, signal) => change(key, signal, () => machines.delete(key)),
    putDisk: (key, source, signal) => change(key, signal, () => disks.put(key, source)),
    getDisk: (key) => disks.get(key),
    deleteDisk: (key, signal) => change(key, signal, () => disks.delete(key)),
    snapshot: (key, name, signal) => change(key, signal, () => disks.snapshot(key, name, signal)),
    findSnapshot: (key, name) => disks.findSnapshot(key, name),
    deleteSnapshot: (key, name) => queues.run(key, () => disks.deleteSnapshot(key, name)),
    listOwned: () => listOwned(machinesDir, installId),
    watch: (changed) => {
      watchers.add(changed);
      adoptAll().catch((error: unknown) => {
        log.warn('machines could not be watched', { cause: messageOf(error) });
      });
      return () => watchers.delete(changed);
    },
    close: async () => {
      if (options.spec.keepRunning === false) await powerDownAll(options, machines);
      machines.release();
    },
  };
}
