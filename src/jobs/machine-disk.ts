import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskRef } from '../connectors/connector.ts';
import { filesAbove, type MachineDisk } from '../engine/capture/machine-disk.ts';
import { findComposed, type Composed } from '../engine/compose/compose.ts';
import { readChain } from '../images/chain.ts';
import type { CaptureJob, CopyJob, InspectJob } from './spec.ts';
import type { StoreTools } from './tools.ts';

/** A job about the disk of a machine. */
export type MachineJob = InspectJob | CaptureJob | CopyJob;

/**
 * Lets a function work on the disk of a job's machine, which the platform hands out. Nobody switches the
 * machine on meanwhile.
 */
export async function withDisk(
  job: MachineJob,
  tools: StoreTools,
  use: (machine: MachineDisk) => Promise<void>,
): Promise<void> {
  const { key } = job;
  const { signal } = tools;
  const progress = (percent: number) => tools.progress('Fetching the disk', percent);
  const folder = join(tools.places.work, 'download', key);
  // What an interrupted run left is of another moment.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const held = new AsyncDisposableStack();
  try {
    held.defer(() => rm(folder, { recursive: true, force: true }));
    const transfer = await tools.transferFor(job.connector, signal);
    const ref: DiskRef = { of: 'machine', key };
    await use(held.use(await transfer.download(ref, folder, { signal, progress })));
  } catch (error) {
    // The failure of the job counts, whatever letting go has to say. `await using` would wrap both in an
    // error that nobody classifies.
    await held.disposeAsync().catch(() => undefined);
    throw error;
  }
  await held.disposeAsync();
}

/**
 * What an older release composed for this key, if the machine runs on that: its nonce was random, so that
 * only its manifest knows it. The chain of the disk tells, since both may be there after an upgrade.
 */
export async function composedBefore(
  { key }: MachineJob,
  { disk, roots }: MachineDisk,
  { places }: StoreTools,
): Promise<Composed | undefined> {
  const old = await findComposed(places.work, key);
  if (old === undefined) return undefined;
  const { files } = readChain(disk, roots);
  return filesAbove(files, old.disk.path) === undefined ? undefined : old;
}
