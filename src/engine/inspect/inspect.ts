import type { Digest } from '../../core/digest.ts';
import type { Inspection } from '../../core/evidence.ts';
import { isFailure } from '../../core/failure.ts';
import { cleanLine } from '../../core/text.ts';
import { openMachineDisk, type MachineDisk } from '../capture/machine-disk.ts';
import { GUEST_HOME } from '../compose/inject.ts';
import type { ComposeManifest } from '../compose/manifest.ts';
import { findLinuxRoot } from '../ext4/find-root.ts';
import type { EngineTools } from '../tools.ts';
import type { VolumeReader } from '../volume.ts';
import { attestationDigest, readAttestation } from './attestation.ts';
import { attestedBlockers, foundBlockers } from './reasons.ts';

/** What the attestation of a machine must repeat, and what the machine was made for. */
export type GuestMark = Pick<ComposeManifest, 'nonce' | 'role'>;

/** What a look at a disk found. */
export interface Looked {
  readonly found: Inspection;
  /** Digest of the attestation as it lies on the disk. */
  readonly attestation?: Digest;
}

const FINISH = `complete the installation and run ${GUEST_HOME}/finish as root`;

const MAKE_ROOM = `remove what nobody needs, then ${FINISH}`;

function unattested(what: string, cure = `start it, ${FINISH}`): Inspection {
  return { verdict: 'unattested', hint: `The machine ${what}: ${cure}.` };
}

/** Judges what lies on the volume of a machine that was made with this mark. */
export function judge(volume: VolumeReader, { nonce, role }: GuestMark): Inspection {
  const attestation = readAttestation(volume);
  if (attestation === undefined) {
    return volume.isFull
      ? unattested('has a full disk, without room for the attestation', `start it, ${MAKE_ROOM}`)
      : unattested('was shut down without the guest tool');
  }
  if (attestation.nonce !== nonce) return unattested('carries the attestation of another machine');
  const { result, step, exitCode, log } = attestation;
  if (result === 'failed') return { verdict: 'failed', step, exitCode, log };
  if (result === 'blocked') {
    return { verdict: 'blocked', reasons: attestedBlockers(attestation.reasons) };
  }
  const reasons = role === 'package' ? foundBlockers(volume) : [];
  return reasons.length === 0 ? { verdict: 'clean' } : { verdict: 'blocked', reasons };
}

/** Longest reason: several must fit into one `status.action`. */
const MOST_REASON = 1000;

const REPAIR = 'Repair the file system, then finish again.';
const UNDO =
  'The system must lie on a plain ext4 partition, as when the machine was made: undo the change on the machine and finish again, or have the machine made anew.';

/** Failures of what lies on a disk whose hints are for its machine. */
const SPOILED: ReadonlySet<string> = new Set(['DamagedFileSystem', 'BadFileName']);

/** Those whose hints are for somebody who chooses a disk to import: a machine had a good one when it was made. */
const REPLACED: ReadonlySet<string> = new Set([
  'DamagedDisk',
  'NoLinuxRoot',
  'NtfsNotSupported',
  'UnsupportedFileSystem',
]);

/** Failures that say how the machine was left, not that we could not look. */
function verdictOf(error: unknown): Inspection {
  if (!isFailure(error)) throw error;
  const { code, message, hint } = error;
  if (code === 'UncleanFileSystem') return unattested('lost its power instead of shutting down');
  if (!SPOILED.has(code) && !REPLACED.has(code)) throw error;
  const cure = SPOILED.has(code) ? (hint ?? REPAIR) : UNDO;
  return { verdict: 'blocked', reasons: [{ reason: cleanLine(message, MOST_REASON), cure }] };
}

/** Looks at the disk of a machine that is off. Changes nothing. */
export async function inspect(
  machine: MachineDisk,
  mark: GuestMark,
  tools: EngineTools,
): Promise<Looked> {
  const disk = await openMachineDisk(machine, tools);
  try {
    const { volume } = findLinuxRoot(disk);
    const attestation = attestationDigest(volume);
    const found = judge(volume, mark);
    return { found, ...(attestation === undefined ? {} : { attestation }) };
  } catch (error) {
    return { found: verdictOf(error) };
  } finally {
    disk.close();
  }
}
