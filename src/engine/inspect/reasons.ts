import type { VolumeReader } from '../volume.ts';
import { smallFile } from './attestation.ts';

/** Something that must be put right before a machine can be captured. */
export interface Blocker {
  readonly reason: string;
  readonly cure: string;
}

const DPKG: Blocker = {
  reason: 'packages are not fully installed',
  cure: 'Run "dpkg --configure -a" and "apt-get -f install", then finish again.',
};

/** A map, since a guest may give any word, also the names of what every object has. */
const KNOWN: ReadonlyMap<string, Blocker> = new Map([
  ['DpkgIncomplete', DPKG],
  [
    'InstallerRunning',
    {
      reason: 'an installation was still running',
      cure: 'Start the machine, wait until the installation has ended, then finish again.',
    },
  ],
  [
    'RebootRequired',
    { reason: 'an update asks for a reboot', cure: 'Start the machine and finish again.' },
  ],
]);

/** What the guest tool gave as reasons, in words. */
export function attestedBlockers(reasons: readonly string[]): readonly Blocker[] {
  const blockers = reasons.map(
    (reason) =>
      KNOWN.get(reason) ?? { reason, cure: 'Put it right on the machine, then finish again.' },
  );
  if (blockers.length > 0) return blockers;
  return [{ reason: 'the guest tool gave no reason', cure: 'Start the machine and finish again.' }];
}

const STATUS = '/var/lib/dpkg/status';
const UPDATES = '/var/lib/dpkg/updates';
const STATUS_BYTES = 64 * 2 ** 20;
const NAMES_SHOWN = 5;

function unfinishedPackages(volume: VolumeReader): readonly string[] {
  const status = smallFile(volume, STATUS, STATUS_BYTES)?.toString('utf8');
  if (status === undefined) return [];
  const states = 'half-installed|unpacked|half-configured|triggers-awaited|triggers-pending';
  const unfinished = new RegExp(`^Status: \\S+ \\S+ (?:${states})$`, 'm');
  return status
    .split('\n\n')
    .filter((stanza) => unfinished.test(stanza))
    .map((stanza) => /^Package: ([a-z0-9.+-]{1,100})$/m.exec(stanza)?.[1] ?? 'unknown');
}

function hasUpdates(volume: VolumeReader): boolean {
  const inode = volume.lookup(UPDATES);
  if (inode === undefined || volume.meta(inode).type !== 'directory') return false;
  return volume.list(inode).length > 0;
}

/** What the disk itself shows to be unfinished, whatever the guest tool said. */
export function foundBlockers(volume: VolumeReader): readonly Blocker[] {
  const packages = unfinishedPackages(volume);
  const shown = packages.slice(0, NAMES_SHOWN).join(', ');
  const more = packages.length > NAMES_SHOWN ? ` and ${packages.length - NAMES_SHOWN} more` : '';
  const named =
    packages.length === 0 ? [] : [{ ...DPKG, reason: `${DPKG.reason}: ${shown}${more}` }];
  const pending = hasUpdates(volume)
    ? [{ ...DPKG, reason: 'the package database has updates that are not written yet' }]
    : [];
  return [...named, ...pending];
}
