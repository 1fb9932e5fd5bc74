import { setTimeout as delay } from 'node:timers/promises';
import type {
  Connector,
  MachineSeen,
  Outcome,
  Session,
  Things,
  Transfer,
  UploadWanted,
} from '../../src/connectors/connector.ts';
import { failureData, type Failure } from '../../src/core/failure.ts';
import { BOOT_COUNT_OFFSET } from '../support/boot-sector.ts';
import { readDisk } from '../support/read-disk.ts';
import { expect } from '../support/runner.ts';
import { until } from '../support/until.ts';

/** How a controller, or the process of a job, is opened on a platform. */
export interface OpenOptions<Spec = unknown> {
  readonly installId?: string;
  /**
   * Called around every call to the outside. What it throws is a crash of the process, and while it
   * has not resolved, the process hangs.
   */
  readonly point?: (where: string) => void | Promise<void>;
  /** The platform's own `spec` by default. */
  readonly spec?: Spec;
}

/** One process on the platform. Whoever opens it closes the session. */
export interface Opened<Spec = unknown> {
  readonly session: Session<Spec>;
  /** The session's connector of the spec. */
  readonly connector: Connector;
  readonly transfer: Transfer;
}

/** A platform to judge, empty at first. */
export interface ContractPlatform<Spec = unknown> {
  readonly spec: Spec;
  open(options?: OpenOptions<Spec>): Promise<Opened<Spec>>;
  /** A real file, with a bootable guest of 512 bytes that counts its boots and waits for its power button. */
  readonly source: UploadWanted;
  /** Removes the source and whatever else is not the platform's own. */
  removeSource(): Promise<void>;
  /** Ends a machine as a power cut of its host would. */
  crashMachine(key: string): Promise<void>;
  /** Copies all that the platform has of a key, marks and all, and gives the name of the copy. */
  copyByStranger(key: string): Promise<string>;
  /** What is left on the platform that no key explains: files, processes, sockets, copies. */
  leftovers(): Promise<readonly string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a rule's proof works with. */
export interface Stage extends Opened {
  readonly platform: ContractPlatform;
  readonly signal: AbortSignal;
  /** Empty, for downloads. */
  readonly folder: string;
}

/** The key that proofs use. */
export const KEY = 'lamina-osl-demo-1-0badcafe-12345678';
/** The machine that proofs create. */
export const WANT = { displayName: 'Demo 1', purpose: 'packaging' } as const;
/** The revision that proofs publish. */
export const REVISION = 'one';

/** The stage as another process sees it. */
export function as(stage: Stage, opened: Opened): Stage {
  return { ...stage, ...opened };
}

/** Calls a verb until it says done itself, polling what it began meanwhile, as the runtime does. */
export async function finish(stage: Stage, verb: () => Promise<Outcome>): Promise<void> {
  for (let calls = 0; calls < 20; calls += 1) {
    const outcome = await verb();
    if (outcome.done) return;
    await until('the operation has ended', async () => {
      const operation = await stage.connector.poll(outcome.handle, stage.signal);
      if (operation.state === 'failed') {
        throw Object.assign(new Error(operation.failure.message), operation.failure);
      }
      return operation.state !== 'running';
    });
  }
  throw new Error('a verb was called twenty times and is still not done');
}

/** What the connector sees of a key, as soon as it knows. */
export async function things(stage: Stage, key = KEY): Promise<Things> {
  let found: Things | undefined;
  await until('the view is known', async () => {
    const seen = await stage.connector.view(key);
    if (seen.known) found = seen.things;
    return seen.known;
  });
  if (found === undefined) throw new Error('the view is not known');
  return found;
}

/** The machine of the key; fails where there are two. */
export async function machine(stage: Stage, key = KEY): Promise<MachineSeen | undefined> {
  const { machines } = await things(stage, key);
  if (machines.length > 1) throw new Error(`${machines.length} machines have one key`);
  return machines[0];
}

/** The keys that the connector knows, as soon as it knows. */
export async function keys(stage: Stage): Promise<readonly string[]> {
  let found: readonly string[] = [];
  await until('the keys are known', async () => {
    const known = await stage.connector.keys();
    found = known ?? [];
    return known !== undefined;
  });
  return [...found].sort();
}

/** How a transfer of this stage is watched and ended. */
export function watched({ signal }: Stage) {
  return { signal, progress: () => undefined };
}

/** Uploads the source, as a job whose end the connector is told of. */
export async function upload(stage: Stage, key = KEY, wanted?: UploadWanted): Promise<void> {
  await stage.transfer.upload(key, wanted ?? stage.platform.source, watched(stage));
  stage.connector.touched(key);
}

/** The source as another composition. */
export function otherComposition(stage: Stage): UploadWanted {
  return { ...stage.platform.source, composition: 'c-of-another-recipe' };
}

/** Makes a machine that is off. */
export async function create(stage: Stage, key = KEY): Promise<void> {
  await upload(stage, key);
  await finish(stage, () => stage.connector.createMachine(key, WANT, stage.signal));
}

/** Switches the machine on after the boot that is seen now. */
export async function powerOn(stage: Stage, key = KEY): Promise<void> {
  const after = (await machine(stage, key))?.boot;
  await finish(stage, () => stage.connector.power(key, { to: 'on', after }, stage.signal));
}

/** Pulls the plug. */
export async function powerOff(stage: Stage, key = KEY): Promise<void> {
  await finish(stage, () => stage.connector.power(key, { to: 'off' }, stage.signal));
}

/** Makes a machine and switches it on. */
export async function start(stage: Stage, key = KEY): Promise<void> {
  await create(stage, key);
  await powerOn(stage, key);
}

/** Asks again and again: a guest that is still booting does not hear its button. */
export async function shutDown(stage: Stage): Promise<void> {
  const { connector, signal } = stage;
  await until('the machine is off', async () => {
    await finish(stage, () => connector.power(KEY, { to: 'shutdown' }, signal));
    const power = (await machine(stage))?.power;
    if (power === 'stopped') await powerOff(stage);
    return power === 'off';
  });
}

/** A look at a disk that finds it as it should be. */
const approve = (): Promise<void> => Promise.resolve();

/** Publishes as plans do on this platform, what the boot that is seen now left. */
export async function publish(stage: Stage, revision = REVISION): Promise<void> {
  const { connector, transfer, signal } = stage;
  if (connector.can.published === 'file') {
    await transfer.copy(KEY, revision, { ...watched(stage), check: approve });
  } else {
    const after = (await things(stage)).machines[0]?.boot;
    await finish(stage, () => connector.publish(KEY, { revision, after }, signal));
  }
  connector.touched(KEY);
}

/** Number of boots on the disk of the machine, or of a publication. */
export async function bootCount(stage: Stage, revision?: string): Promise<number> {
  const disk =
    revision === undefined
      ? ({ of: 'machine', key: KEY } as const)
      : ({ of: 'published', key: KEY, revision } as const);
  await using fetched = await stage.transfer.download(disk, stage.folder, watched(stage));
  return (await readDisk(fetched.disk, BOOT_COUNT_OFFSET, 2)).readUInt16LE(0);
}

/** Removes all that proofs make under the key. */
export async function removeAll(stage: Stage): Promise<void> {
  const { connector, signal } = stage;
  for (const revision of [REVISION, 'two']) {
    await finish(stage, () => connector.unpublish(KEY, revision, signal));
  }
  await finish(stage, () => connector.deleteMachine(KEY, signal));
  await finish(stage, () => connector.deleteDisk(KEY, signal));
}

/** One life of a machine, as controllers live it; every step may be repeated. */
export async function wholeLife(stage: Stage): Promise<void> {
  const { publications } = await things(stage);
  if (publications.length > 0) return;
  await create(stage);
  await powerOn(stage);
  await powerOff(stage);
  await publish(stage);
}

/** How a promise ended: undefined if well. */
export async function failureOf(work: Promise<unknown>): Promise<Failure | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return Object.assign(new Error(String(error)), failureData(error));
  }
}

/** How long a process that has crashed may still wait for what it will never hear. */
const DYING_MS = 1_000;

/** Crashes a process at its first, second, third … call to the outside, until one gets through. */
export async function crashEverywhere(
  stage: Stage,
  work: (doomed: Stage) => Promise<void>,
  after: () => Promise<void>,
): Promise<void> {
  for (let fatal = 1; fatal < 500; fatal += 1) {
    let calls = 0;
    const death = Promise.withResolvers<void>();
    const point = (where: string): void => {
      calls += 1;
      if (calls < fatal) return;
      death.resolve();
      throw new Error(`the process ends ${where}`);
    };
    const doomed = await stage.platform.open({ point });
    const life = failureOf(work(as(stage, doomed)));
    await Promise.race([life, death.promise.then(() => delay(DYING_MS))]);
    await doomed.session.close();
    await after();
    if (calls < fatal) {
      expect(await life).toBeUndefined();
      return;
    }
  }
  throw new Error('no process gets through');
}
