import type { InspectionRecord } from '../core/evidence.ts';
import type { MachineDisk } from '../engine/capture/machine-disk.ts';
import { inspect } from '../engine/inspect/inspect.ts';
import { guestMark } from './composition.ts';
import { composedBefore, withDisk, type MachineJob } from './machine-disk.ts';
import { compositionId, type CaptureJob, type CopyJob, type InspectJob } from './spec.ts';
import { superseded, engineTools, type StoreTools } from './tools.ts';

/** Looks at a disk that is held, and says what it found as it would be recorded. */
async function lookAt(
  job: MachineJob,
  machine: MachineDisk,
  tools: StoreTools,
): Promise<InspectionRecord> {
  const { key, boot, recipe } = job;
  tools.progress('Looking at the disk', 0);
  const old = await composedBefore(job, machine, tools);
  const mark = old === undefined ? guestMark(recipe, tools) : old.manifest;
  const { found, attestation } = await inspect(machine, mark, engineTools(tools));
  return {
    key,
    composition: compositionId(recipe),
    ...(boot === undefined ? {} : { boot }),
    ...(attestation === undefined ? {} : { attestation }),
    found,
    at: tools.clock.now(),
  };
}

/**
 * Ends a job whose disk, which is held, is not what was found to be clean any more. What lies there now is
 * recorded, so that this is judged next.
 */
export async function requireSame(
  job: CaptureJob | CopyJob,
  machine: MachineDisk,
  tools: StoreTools,
): Promise<void> {
  const now = await lookAt(job, machine, tools);
  if (now.found.verdict === 'clean' && now.attestation === job.attestation) return;
  await tools.store.evidence.putInspection(now);
  throw superseded(`the disk of ${job.key} changed since it was looked at`);
}

/** Records what a machine left on its disk. */
export async function inspectDisk(job: InspectJob, tools: StoreTools): Promise<void> {
  await withDisk(job, tools, async (machine) =>
    tools.store.evidence.putInspection(await lookAt(job, machine, tools)),
  );
}
