import type { Capabilities, Connector, PowerWanted } from '../connector.ts';
import { publishedByJob, type LocalHost } from './session.ts';
import { hardwareOf, type LocalSpec } from './settings.ts';
import { verifyLocal } from './verify.ts';

const CAN: Capabilities = {
  published: 'file',
  runsScripts: true,
  heartbeat: true,
  proven: 'live',
};

/** One configuration: the hardware that machines get when they are switched on, and nothing else. */
export function localConnector(host: LocalHost, spec: LocalSpec): Connector {
  const { machines, disks, sight } = host;
  const hardware = hardwareOf(spec);

  const power = (key: string, want: PowerWanted, signal: AbortSignal): Promise<void> => {
    if (want.to === 'on') return machines.powerOn(key, { after: want.after, hardware }, signal);
    return want.to === 'off' ? machines.powerOff(key) : machines.pressPowerButton(key);
  };

  return {
    platform: 'local',
    can: CAN,
    createMachine: (key, want, signal) =>
      host.change(key, signal, () => machines.create(key, want)),
    power: (key, want, signal) => host.change(key, signal, () => power(key, want, signal)),
    deleteMachine: (key, signal) => host.change(key, signal, () => machines.delete(key)),
    deleteDisk: (key, signal) => host.change(key, signal, () => disks.delete(key)),
    publish: (key) => Promise.reject(publishedByJob(key)),
    unpublish: (key, revision, signal) =>
      host.change(key, signal, () => disks.unpublish(key, revision)),
    // Every verb is done when it returns, so there is nothing to ask for.
    poll: () => Promise.resolve({ state: 'gone' }),
    verify: (signal) => verifyLocal(host.options, signal),
    view: (key) => sight.view(key),
    keys: () => sight.keys(),
    describe: (key) => host.describe(key),
    // The files are read at each look.
    touched: () => undefined,
    watch: (changed) => host.watch(changed),
  };
}
