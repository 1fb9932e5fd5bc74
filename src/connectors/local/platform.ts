import { resolve } from 'node:path';
import type { Platform, Session } from '../connector.ts';
import { localConnector } from './connector.ts';
import { LocalHost } from './session.ts';
import type { LocalOptions, LocalSpec } from './settings.ts';
import { localTransfer } from './transfer.ts';

/**
 * QEMU on this host. Machines are processes of their own: they outlive the controller and are found
 * again by the files in their folders.
 */
export function localPlatform(options: LocalOptions): Platform<LocalSpec> {
  let host: LocalHost | undefined;
  let users = 0;

  const open = (): Session<LocalSpec> => {
    host ??= new LocalHost(options);
    const mine = host;
    const stops = new Set<() => void>();
    let closed = false;
    users += 1;
    return {
      connector: (spec) => {
        const connector = localConnector(mine, spec);
        const watch = (changed: (key: string) => void): (() => void) => {
          const stop = mine.watch(changed);
          stops.add(stop);
          return () => {
            stops.delete(stop);
            stop();
          };
        };
        return { ...connector, watch };
      },
      close: () => {
        if (!closed) users -= 1;
        closed = true;
        for (const stop of stops) stop();
        if (users === 0) {
          mine.close();
          host = undefined;
        }
        return Promise.resolve();
      },
    };
  };

  return {
    name: 'local',
    locate: () => ({ location: { machines: resolve(options.machinesDir) } }),
    open,
    transfer: () => localTransfer(options),
  };
}
