import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { UploadWanted } from '../../src/connectors/connector.ts';
import { localPlatform } from '../../src/connectors/local/platform.ts';
import type { LocalOptions, LocalSpec } from '../../src/connectors/local/settings.ts';
import { systemClock } from '../../src/host/clock.ts';
import { startDetached, type StartDetached } from '../../src/host/detached.ts';
import { silentLog } from '../../src/host/log.ts';
import { run, type Run } from '../../src/host/run.ts';
import type { ContractPlatform, OpenOptions } from '../contract/stage.ts';
import { tinyGuestDisk, type TinyGuest } from './boot-sector.ts';
import { temporaryFolder } from './folder.ts';
import { until } from './until.ts';

/** The local platform with what only it has. */
export interface LocalPlatform extends ContractPlatform<LocalSpec> {
  readonly machinesDir: string;
  readonly runDir: string;
  readonly installId: string;
  /** Where the sources of disks lie. */
  readonly sources: string;
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

/** A program runner and starter that pass a point before and after each call. */
function pointed(point: NonNullable<OpenOptions['point']>): { run: Run; start: StartDetached } {
  const around = async <Result>(what: string, call: () => Promise<Result>): Promise<Result> => {
    await point(`before ${what}`);
    const result = await call();
    await point(`after ${what}`);
    return result;
  };
  return {
    run: (program, ...more) => around(program, () => run(program, ...more)),
    start: (program, ...more) => around(program, () => startDetached(program, ...more)),
  };
}

/** What the local platform is built from in tests: real QEMU, no probing of KVM. */
export function localOptions(
  places: Pick<LocalOptions, 'machinesDir' | 'runDir' | 'installId'>,
): LocalOptions {
  return {
    ...places,
    run,
    start: startDetached,
    clock: systemClock,
    log: silentLog,
    hypervisor: () => Promise.resolve({ accelerator: 'tcg', sandbox: true }),
  };
}

/** Real QEMU in folders of its own, with a guest of 512 bytes. */
export async function localTestPlatform(
  guest: TinyGuest = 'waits for the button',
): Promise<LocalPlatform> {
  const folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const [machinesDir, runDir, sources] = [at('machines'), at('run'), at('sources')];
  await mkdir(machinesDir);
  await mkdir(sources);
  const source: UploadWanted = {
    ...(await tinyGuestDisk(join(sources, 'guest.raw'), guest)),
    composition: 'c-of-the-tiny-guest',
  };
  // Others may run the same tests at the same time, and processes are found by this.
  const installId = randomBytes(8).toString('hex');
  const spec: LocalSpec = { memory: '64Mi' };
  const options = localOptions({ machinesDir, runDir, installId });
  const processes = (): Promise<readonly number[]> => processesNaming(folder.path);
  const common = localPlatform(options);

  return {
    machinesDir,
    runDir,
    installId,
    sources,
    source,
    spec,
    processes,
    open: (how = {}) => {
      const { point, installId: other } = how;
      // Whoever may crash, or is another installation, is another process.
      const platform =
        point === undefined && other === undefined
          ? common
          : localPlatform({
              ...options,
              ...(other === undefined ? {} : { installId: other }),
              ...(point === undefined ? {} : pointed(point)),
            });
      const place = { spec: { ...spec, ...how.spec }, credential: {} };
      const session = platform.open(place);
      const connector = session.connector(place.spec);
      return Promise.resolve({ session, connector, transfer: platform.transfer(place) });
    },
    removeSource: () => rm(sources, { recursive: true }),
    crashMachine: async (key) => {
      for (const pid of await processesNaming(join(machinesDir, key))) process.kill(pid, 'SIGKILL');
      await until('the machine has crashed', async () => {
        return (await processesNaming(join(machinesDir, key))).length === 0;
      });
    },
    copyByStranger: async (key) => {
      const name = `${key}-copy`;
      await cp(join(machinesDir, key), join(machinesDir, name), { recursive: true });
      return name;
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
