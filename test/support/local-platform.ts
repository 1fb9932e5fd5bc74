import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Connector, DiskSource } from '../../src/connectors/connector.ts';
import { localConnector } from '../../src/connectors/local/connector.ts';
import type { LocalSpec } from '../../src/connectors/local/settings.ts';
import { systemClock } from '../../src/host/clock.ts';
import { startDetached, type StartDetached } from '../../src/host/detached.ts';
import { silentLog } from '../../src/host/log.ts';
import { run, type Run } from '../../src/host/run.ts';
import type { ContractPlatform, OpenOptions } from '../contract/connector.ts';
import { tinyGuestDisk, type TinyGuest } from './boot-sector.ts';
import { temporaryFolder } from './folder.ts';
import { until } from './until.ts';

/** The local platform with what only it has. */
export interface LocalPlatform extends ContractPlatform {
  readonly machinesDir: string;
  readonly runDir: string;
  openWith(spec: LocalSpec, options?: OpenOptions): Promise<Connector>;
  /** Process ids of QEMUs of this platform. */
  processes(): Promise<readonly number[]>;
}

/** Process ids of programs whose command line has this text. */
async function processesNaming(text: string): Promise<readonly number[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const lines = await Promise.all(
    all.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return all.filter((_, i) => lines[i]?.startsWith('qemu-system') && lines[i].includes(text));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** Real QEMU in folders of its own, with a guest of 512 bytes. */
export async function localPlatform(
  guest: TinyGuest = 'waits for the button',
): Promise<LocalPlatform> {
  const folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const [machinesDir, runDir, sources] = [at('machines'), at('run'), at('sources')];
  await mkdir(machinesDir);
  await mkdir(sources);
  const source: DiskSource = await tinyGuestDisk(join(sources, 'guest.raw'), guest);
  const processes = (): Promise<readonly number[]> => processesNaming(folder.path);

  const openWith = (spec: LocalSpec, options: OpenOptions = {}): Promise<Connector> => {
    const { installId = 'this-installation', point = () => undefined } = options;
    const pointedRun: Run = async (program, args, more) => {
      point(`before ${program}`);
      const result = await run(program, args, more);
      point(`after ${program}`);
      return result;
    };
    const pointedStart: StartDetached = async (program, args, log) => {
      point(`before ${program}`);
      const started = await startDetached(program, args, log);
      point(`after ${program}`);
      return started;
    };
    const connector = localConnector({
      machinesDir,
      runDir,
      installId,
      spec: { memory: '64Mi', ...spec },
      run: pointedRun,
      start: pointedStart,
      clock: systemClock,
      log: silentLog,
      hypervisor: () => Promise.resolve({ accelerator: 'tcg', sandbox: true }),
    });
    return Promise.resolve(connector);
  };

  return {
    machinesDir,
    runDir,
    source,
    openWith,
    processes,
    open: (options) => openWith({}, options),
    removeSource: () => rm(sources, { recursive: true }),
    crashMachine: async (key) => {
      for (const pid of await processesNaming(join(machinesDir, key))) process.kill(pid, 'SIGKILL');
      await until('the machine has crashed', async () => {
        return (await processesNaming(join(machinesDir, key))).length === 0;
      });
    },
    leftovers: async () => [
      ...(await namesIn(machinesDir)),
      ...(await namesIn(runDir)),
      ...(await processes()).map((pid) => `process ${pid}`),
    ],
    [Symbol.asyncDispose]: async () => {
      for (const pid of await processes()) process.kill(pid, 'SIGKILL');
      await until('no machine is left', async () => (await processes()).length === 0);
      await folder[Symbol.asyncDispose]();
    },
  };
}
