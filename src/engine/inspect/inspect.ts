import { isFailure } from '../../core/failure.ts';
import type { DiskFile } from '../../images/source.ts';
import { openMachineDisk, requireManifest } from '../capture/machine-disk.ts';
import { GUEST_HOME } from '../compose/inject.ts';
import type { ComposeManifest } from '../compose/manifest.ts';
import { findLinuxRoot } from '../ext4/find-root.ts';
import type { EngineTools } from '../tools.ts';
import type { VolumeReader } from '../volume.ts';
import { readAttestation } from './attestation.ts';
import { attestedBlockers, foundBlockers, type Blocker } from './reasons.ts';

/** What a machine left behind. */
export type InspectResult =
  | { readonly verdict: 'clean' }
  | { readonly verdict: 'unattested'; readonly hint: string }
  | {
      readonly verdict: 'failed';
      readonly step: number;
      readonly exitCode: number;
      readonly log: string;
    }
  | { readonly verdict: 'blocked'; readonly reasons: readonly Blocker[] };

const FINISH = `start it, complete the installation and run ${GUEST_HOME}/finish as root`;

function unattested(what: string): InspectResult {
  return { verdict: 'unattested', hint: `The machine ${what}: ${FINISH}.` };
}

/** Judges what lies on the volume of a machine that was made with this manifest. */
export function judge(volume: VolumeReader, { nonce, role }: ComposeManifest): InspectResult {
  const attestation = readAttestation(volume);
  if (attestation === undefined) return unattested('was shut down without the guest tool');
  if (attestation.nonce !== nonce) return unattested('carries the attestation of another machine');
  const { result, step, exitCode, log } = attestation;
  if (result === 'failed') return { verdict: 'failed', step, exitCode, log };
  if (result === 'blocked') {
    return { verdict: 'blocked', reasons: attestedBlockers(attestation.reasons) };
  }
  const reasons = role === 'package' ? foundBlockers(volume) : [];
  return reasons.length === 0 ? { verdict: 'clean' } : { verdict: 'blocked', reasons };
}

/** Failures that say how the machine was left, not that we could not look. */
function verdictOf(error: unknown): InspectResult {
  if (!isFailure(error)) throw error;
  if (error.code === 'UncleanFileSystem')
    return unattested('lost its power instead of shutting down');
  if (error.code === 'DamagedFileSystem') {
    const cure = error.hint ?? 'Repair the file system, then finish again.';
    return { verdict: 'blocked', reasons: [{ reason: error.message, cure }] };
  }
  throw error;
}

/** Looks at the disk of a machine that is off. Changes nothing. */
export async function inspect(
  { key, machineDisk }: { readonly key: string; readonly machineDisk: DiskFile },
  tools: EngineTools,
): Promise<InspectResult> {
  const manifest = await requireManifest(tools.work, key);
  const disk = await openMachineDisk(machineDisk, tools);
  try {
    return judge(findLinuxRoot(disk).volume, manifest);
  } catch (error) {
    return verdictOf(error);
  } finally {
    disk.close();
  }
}
