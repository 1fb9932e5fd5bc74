import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline as passOn, Transform, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure, impossible, isFailure, transient } from '../../../../src/core/failure.ts';
import type {
  DiskRef,
  Fetched,
  Transfer,
  TransferOptions,
  UploadWanted,
} from '../../../../src/connectors/connector.ts';
import type { Lease, Marks, Order, Received, TaskSeen, Thing } from '../wire.ts';
import { refused } from './http.ts';
import { diskOf, marksOf, nameOf } from './look.ts';
import { lookAt } from './look-at.ts';
import type { Line } from './platform.ts';

const TASK_POLL_MS = 50;
/** What is said to whoever was overtaken: the disk has another owner, or is gone. */
const TAKEN: ReadonlySet<string> = new Set(['PlatformChanged', 'PlatformNotFound']);
const VHD = ['-O', 'vpc', '-o', 'subformat=dynamic,force_size=on'] as const;

const superseded = (key: string): Failure =>
  new Failure({
    consequence: 'Conflict',
    code: 'Superseded',
    message: `the upload of ${key} was taken over by another one`,
  });

/** Counts what passes, in percent of all. */
function counted(length: number, { progress }: TransferOptions): Transform {
  let [passed, told] = [0, 0];
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      passed += chunk.length;
      const percent = Math.min(100, Math.floor((100 * passed) / length));
      if (percent > told) progress(percent);
      told = Math.max(told, percent);
      done(null, chunk);
    },
  });
}

/** One upload: what it takes over or makes, it may mark ready only while it is still its own. */
class Upload {
  private readonly line: Line;
  private readonly key: string;
  private readonly disk: UploadWanted;
  private readonly options: TransferOptions;
  private readonly attempt = randomBytes(8).toString('hex');

  constructor(line: Line, key: string, disk: UploadWanted, options: TransferOptions) {
    this.line = line;
    this.key = key;
    this.disk = disk;
    this.options = options;
  }

  async run(): Promise<void> {
    if (await this.isThere()) return;
    try {
      const id = await this.take();
      await this.fill(id);
      await this.mark(id, { state: 'ready' }, { attempt: this.attempt });
    } catch (error) {
      const changed = isFailure(error) && TAKEN.has(error.code);
      throw changed ? superseded(this.key) : error;
    }
  }

  private async isThere(): Promise<boolean> {
    const look = await this.look();
    const { machines, disks } = look;
    const ready = diskOf(look);
    if (ready === undefined) return false;
    if (ready.marks['composition'] === this.disk.composition) {
      // Others were left by replies that were lost.
      const others = disks.filter(({ id }) => id !== ready.id);
      for (const { id } of others) await this.order({ op: 'destroy', id });
      return true;
    }
    if (machines.length > 0) {
      const message = `the machine ${this.key} runs on a disk of another composition`;
      throw new Failure({ consequence: 'Conflict', code: 'DiskInUse', message });
    }
    for (const { id } of disks) await this.order({ op: 'destroy', id });
    return false;
  }

  /** The oldest disk that is being filled becomes ours; others were left by crashes. */
  private async take(): Promise<string> {
    const { attempt } = this;
    const filling = { state: 'filling', attempt, composition: this.disk.composition };
    let { disks } = await this.look();
    if (disks.length === 0) {
      const marks = marksOf(this.line.options.installId, this.key, filling);
      await this.order({ op: 'create-disk', name: nameOf(this.key), marks });
      ({ disks } = await this.look());
    }
    const [first, ...others] = disks;
    if (first === undefined) throw transient('DiskVanished', `the disk ${this.key} vanished`);
    const isReady = first.marks['state'] !== 'filling';
    for (const { id, marks } of others) {
      if (!isReady || marks['attempt'] === attempt) await this.order({ op: 'destroy', id });
    }
    if (isReady) throw superseded(this.key);
    if (first.marks['attempt'] !== attempt) {
      await this.mark(first.id, filling, { state: 'filling' });
    }
    return first.id;
  }

  private async fill(id: string): Promise<void> {
    const { disk, options, attempt } = this;
    const { run, scratchDir } = this.line.options;
    const { signal } = options;
    const vhd = join(scratchDir, `${attempt}.vhd`);
    try {
      await run('qemu-img', ['convert', '-f', disk.format, ...VHD, disk.path, vhd], { signal });
      const length = (await stat(vhd)).size;
      const open = (): Readable =>
        // Whatever ends one of the two ends the other; what went wrong is told by the answer.
        passOn(createReadStream(vhd), counted(length, options), () => undefined);
      const path = `/things/${id}/content?attempt=${attempt}`;
      const call = { method: 'PUT', path, bytes: { open, length }, signal } as const;
      const received = (await this.line.http.ask(call)) as Received;
      if (received.bytes !== length || received.sizeBytes !== disk.sizeBytes) {
        const sizes = `${received.sizeBytes} instead of ${disk.sizeBytes} bytes`;
        throw transient('WrongSize', `the disk ${this.key} arrived with ${sizes}`);
      }
    } finally {
      await rm(vhd, { force: true });
    }
  }

  private look() {
    return lookAt(this.line, this.key, this.options.signal);
  }

  private async mark(id: string, set: Marks, only: Marks): Promise<void> {
    const json = { set, if: only };
    const { signal } = this.options;
    await this.line.http.ask({ method: 'POST', path: `/things/${id}/marks`, json, signal });
  }

  /** Waits for its end: a job has time. One that nobody knows any more is decided by the next look. */
  private async order(order: Order): Promise<void> {
    const { http, options } = this.line;
    const { signal } = this.options;
    const call = { method: 'POST', path: '/tasks', json: order, signal } as const;
    const { id } = (await http.ask(call)) as { id: string };
    for (;;) {
      const task = await http.ask({ method: 'GET', path: `/tasks/${id}`, signal }).then(
        (seen) => seen as TaskSeen,
        (error: unknown) => {
          if (isFailure(error) && error.code === 'PlatformNotFound') return undefined;
          throw error;
        },
      );
      if (task?.refusal !== undefined) throw refused(task.refusal.code, task.refusal.message);
      if (task?.state !== 'running') return;
      await options.clock.sleep(TASK_POLL_MS, signal);
    }
  }
}

async function thingOf(line: Line, ref: DiskRef, signal: AbortSignal): Promise<Thing> {
  const look = await lookAt(line, ref.key, signal);
  const found =
    ref.of === 'machine'
      ? diskOf(look)
      : look.publications.find(({ marks }) => marks['revision'] === ref.revision);
  if (found !== undefined) return found;
  const message = `there is no such disk of ${ref.key} on ${line.http.url}`;
  throw new Failure({ consequence: 'Lost', code: 'DiskMissing', message });
}

/** Uses a lease again and again until it is let go, so that it does not end. */
async function keepLease({ http, options }: Line, lease: Lease, end: AbortSignal): Promise<void> {
  const path = `/leases/${lease.id}`;
  while (!end.aborted) {
    await options.clock.sleep(lease.leaseMs / 3, end).catch(() => undefined);
    // One that fails is tried again in time; one that ended was let go by the platform.
    if (!end.aborted) await http.ask({ method: 'POST', path, signal: end }).catch(() => undefined);
  }
}

async function download(
  line: Line,
  ref: DiskRef,
  folder: string,
  options: TransferOptions,
): Promise<Fetched> {
  const { http } = line;
  const { signal } = options;
  const { id } = await thingOf(line, ref, signal);
  const asked = { method: 'POST', path: `/things/${id}/lease`, json: {}, signal } as const;
  const lease = (await http.ask(asked)) as Lease;
  const path = `/leases/${lease.id}`;
  const end = new AbortController();
  const kept = keepLease(line, lease, end.signal);
  const letGo = async (): Promise<void> => {
    end.abort();
    await kept;
    // If it is not heard, the lease ends by itself.
    const still = AbortSignal.timeout(5_000);
    await http.ask({ method: 'DELETE', path, signal: still }).catch(() => undefined);
  };
  const vhd = join(folder, `${lease.id}.vhd`);
  const disk = { path: join(folder, `${lease.id}.qcow2`), format: 'qcow2' } as const;
  try {
    const body = await http.fetch({ method: 'GET', path, signal });
    await pipeline(body, counted(lease.bytes, options), createWriteStream(vhd), { signal });
    if ((await stat(vhd)).size !== lease.bytes) {
      throw transient('DownloadCut', `the disk of ${ref.key} did not arrive whole`);
    }
    const convert = ['convert', '-f', 'vpc', '-O', 'qcow2', vhd, disk.path];
    await line.options.run('qemu-img', convert, { signal });
  } catch (error) {
    await letGo();
    throw error;
  } finally {
    await rm(vhd, { force: true });
  }
  return { disk, roots: [folder], [Symbol.asyncDispose]: letGo };
}

/** The verbs that move bytes; they need no picture. */
export function remoteTransfer(line: Line): Transfer {
  return {
    upload: (key, disk, options) => new Upload(line, key, disk, options).run(),
    download: (ref, folder, options) => download(line, ref, folder, options),
    copy: () => {
      const message = 'this platform publishes without moving bytes';
      return Promise.reject(impossible('NotSupported', message, 'Use publish.'));
    },
  };
}
