import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { System } from '../../examples/demo/system.ts';
import type { ApiObject } from '../../src/api/object.ts';
import type { DiskFile } from '../../src/images/source.ts';
import { RemoteServer } from '../simulators/remote/server/server.ts';
import { FAR_CONNECTOR, FAR_SECRET, FAR_VARIABLE, type Far } from './far/platforms.ts';
import { Installation, object } from './installation.ts';

/** Where a journey goes, and through which runner of jobs. */
export interface JourneyPlace {
  readonly why: string;
  readonly open: (folder: string) => Promise<Journey>;
}

/** One installation with its platform. */
export interface Journey {
  /** Name of the ConnectorConfig. */
  readonly connector: string;
  readonly installation: Installation;
  /** What leads to the platform, and an operating system of one version, `1`. */
  base(): readonly ApiObject[];
  /** `lamina up`, with the runner of this journey. */
  start(): Promise<System>;
  /** How many machines run. */
  machines(): Promise<number>;
  /** Ends the machines that run as a power cut of their host would. */
  crashMachines(): Promise<void>;
  /** The serial line of the machine of an object. */
  serialSocket(owner: ApiObject): string;
  /** The published image of an object, to be booted. */
  published(image: ApiObject): DiskFile;
  /** Names of all that the platform holds. */
  things(): Promise<readonly string[]>;
  /** Everything below the work folder of whoever runs the jobs. */
  wipeWork(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Shown {
  readonly location?: { readonly path?: string; readonly machine?: string };
  readonly published?: { readonly id: string };
}
const shown = ({ status }: ApiObject) => (status ?? {}) as Shown;

async function wipe(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Which runner does the jobs: that of the controller, or one with a work folder of its own. */
type RunnerOfJobs = 'here' | 'elsewhere';

/** `lamina up` as the tests start it: with the far platform, and with either runner. */
function programOf(far: Far | undefined, work: string): readonly string[] {
  return [
    'env',
    `${FAR_VARIABLE}=${JSON.stringify(far ?? {})}`,
    process.execPath,
    join(import.meta.dirname, 'far/up.ts'),
    work,
  ];
}

async function workFolder(installation: Installation, runner: RunnerOfJobs): Promise<string> {
  const work =
    runner === 'here'
      ? join(installation.dataDir, 'work')
      : join(installation.dataDir, '../elsewhere');
  await mkdir(work, { recursive: true });
  return work;
}

async function onThisHost(folder: string, runner: RunnerOfJobs): Promise<Journey> {
  const installation = await Installation.create(folder);
  const { dataDir, importRoot } = installation;
  const work = await workFolder(installation, runner);
  // The launcher wherever it will do: that is what people start.
  const program = runner === 'here' ? {} : { program: programOf(undefined, work) };
  return {
    connector: 'here',
    installation,
    base: () => installation.base(),
    start: () => System.start({ dataDir, importRoot, ...program }),
    machines: async () => (await installation.machineProcesses()).length,
    crashMachines: () => installation[Symbol.asyncDispose](),
    serialSocket: (owner) => shown(owner).location?.path ?? '',
    published: (image) => ({ path: shown(image).location?.path ?? '', format: 'qcow2' }),
    things: () => installation.machineFiles('.qcow2'),
    wipeWork: () => wipe(work),
    [Symbol.asyncDispose]: () => installation[Symbol.asyncDispose](),
  };
}

const PASSWORD = 'a password that nobody may see';

/** A password, operations, no shared files, another format of disks, polling only; jobs run elsewhere. */
async function farAway(folder: string, mode: Far['mode'], runner: RunnerOfJobs): Promise<Journey> {
  const installation = await Installation.create(folder);
  const farFolder = join(folder, 'far');
  await mkdir(farFolder);
  const work = await workFolder(installation, runner);
  const server = await RemoteServer.start({ folder: farFolder, users: { lamina: PASSWORD } });
  const far: Far = { url: server.url, mode };
  const { dataDir, importRoot } = installation;
  const program = programOf(far, work);
  return {
    connector: FAR_CONNECTOR,
    installation,
    base: () => [
      {
        ...object('Secret', FAR_SECRET, undefined),
        apiVersion: 'v1',
        stringData: { username: 'lamina', password: PASSWORD },
      },
      object('ConnectorConfig', FAR_CONNECTOR, { local: {} }),
      installation.operatingSystem(),
    ],
    start: () => System.start({ dataDir, importRoot, program }),
    machines: () => Promise.resolve(server.running()),
    crashMachines: () => server.crashAll(),
    serialSocket: (owner) => server.serialSocketOf(shown(owner).location?.machine ?? ''),
    published: (image) => ({
      path: join(farFolder, 'disks', `${shown(image).published?.id}.qcow2`),
      format: 'qcow2',
    }),
    things: () => Promise.resolve(server.names()),
    wipeWork: () => wipe(work),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await installation[Symbol.asyncDispose]();
    },
  };
}

/** The places that every journey goes to: two platforms that have nothing in common, and two runners. */
export const PLACES: readonly JourneyPlace[] = [
  {
    why: 'this host, by the runner of the controller',
    open: (folder) => onThisHost(folder, 'here'),
  },
  {
    why: 'a far platform that publishes machines, by a runner elsewhere',
    open: (folder) => farAway(folder, 'machine', 'elsewhere'),
  },
];

/** The same with the runners the other way round, and a platform that keeps no machine of an image. */
export const MORE_PLACES: readonly JourneyPlace[] = [
  {
    why: 'this host, by a runner elsewhere',
    open: (folder) => onThisHost(folder, 'elsewhere'),
  },
  {
    why: 'a far platform that publishes machines, by the runner of the controller',
    open: (folder) => farAway(folder, 'machine', 'here'),
  },
  {
    why: 'a far platform that publishes artefacts, by a runner elsewhere',
    open: (folder) => farAway(folder, 'artefact', 'elsewhere'),
  },
];
