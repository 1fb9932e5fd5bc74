import { hexOf } from '../core/digest.ts';
import { captureDelta } from '../engine/capture/capture-delta.ts';
import type { MachineDisk } from '../engine/capture/machine-disk.ts';
import { captureOs } from '../engine/capture/scrub.ts';
import { ensureComposition } from './composition.ts';
import { requireSame } from './inspect-disk.ts';
import { captureLock, holdKey } from './key-lock.ts';
import { composedBefore, withDisk } from './machine-disk.ts';
import type { CaptureJob } from './spec.ts';
import { engineTools, type StoreTools } from './tools.ts';

async function captureFrom(
  machine: MachineDisk,
  job: CaptureJob,
  tools: StoreTools,
): Promise<void> {
  const { layer, recipe } = job;
  await requireSame(job, machine, tools);
  const { os, deltas: requires } = recipe;
  const before = await composedBefore(job, machine, tools);
  const composition = before ?? (await ensureComposition(recipe, tools));
  const capture = layer.role === 'os' ? captureOs : captureDelta;
  await capture({ composition, layer, machine, os, requires }, engineTools(tools));
}

/** Stores what changed on a machine, if its disk is still what was found to be clean. */
export async function captureLayer(job: CaptureJob, tools: StoreTools): Promise<void> {
  const { repository, tag } = job.layer;
  if ((await tools.store.find(repository, tag)) !== undefined) return;
  const release = await holdKey(tools.places.work, captureLock(hexOf(job.layer.inputs)), tools);
  try {
    await withDisk(job, tools, (machine) => captureFrom(machine, job, tools));
  } finally {
    release();
  }
}
