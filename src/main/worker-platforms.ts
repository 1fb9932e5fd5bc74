import { dirname, join } from 'node:path';
import { probeHypervisor } from '../connectors/local/probe.ts';
import { impossible } from '../core/failure.ts';
import { systemClock } from '../host/clock.ts';
import { startDetached } from '../host/detached.ts';
import { silentLog } from '../host/log.ts';
import { run } from '../host/run.ts';
import type { WorkerConfig } from '../jobs/worker-config.ts';
import { openStore } from '../store/store.ts';
import { localPlatformOf, type PlatformOf } from './platforms.ts';
import { runFolder } from './run-folder.ts';

/** The platforms that a job's process can reach. */
export async function workerPlatforms({ machines, store }: WorkerConfig): Promise<PlatformOf> {
  if (machines === undefined) {
    const message = 'the process of the job was given no folder of machines';
    throw impossible('NoMachinesFolder', message, 'Give one to the process of the job.');
  }
  const cacheFile = join(dirname(machines), 'hypervisor.json');
  const { installId } = await openStore(store, { clock: systemClock });
  return localPlatformOf({
    machinesDir: machines,
    // The controller's: what keeps a machine off while its disk is read lies there.
    runDir: await runFolder(dirname(machines)),
    installId,
    run,
    start: startDetached,
    clock: systemClock,
    log: silentLog,
    hypervisor: (signal) => probeHypervisor({ run, clock: systemClock, cacheFile, signal }),
  });
}
