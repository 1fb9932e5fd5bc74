import { readdir, stat } from 'node:fs/promises';
import type { Clock } from '../../core/clock.ts';
import { isMissing } from '../../host/files.ts';
import { readDiskMarker, readMachineMarker } from './markers.ts';
import { placesIn } from './places.ts';

/** Within this time a folder may change again without its time stamp telling. */
const RACY_MS = 1_000;

/** Names of the folders in the machines folder; none before it is made. */
export async function foldersIn(machinesDir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(machinesDir, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** The key that a folder says it belongs to, if it says so with our mark. */
export async function claimOf(
  machinesDir: string,
  name: string,
  installId: string,
): Promise<{ readonly key?: string; readonly marked: boolean }> {
  const places = placesIn(machinesDir, name);
  const markers = [await readDiskMarker(places), await readMachineMarker(places)];
  const known = markers.filter((marker) => marker !== undefined);
  const ours = known.find((marker) => marker.installId === installId);
  return { marked: known.length > 0, ...(ours === undefined ? {} : { key: ours.key }) };
}

/**
 * Finds folders that somebody copied. Folders that were read once are not read again while the list
 * of them is the same, so that a look at one key costs the same however many there are.
 */
export class Copies {
  private readonly machinesDir: string;
  private readonly installId: string;
  private readonly clock: Clock;
  /** What each folder that has a marker claims; undefined for those of other installations. */
  private readonly claims = new Map<string, string | undefined>();
  private names: readonly string[] = [];
  private readAt = -1;

  constructor(options: { machinesDir: string; installId: string; clock: Clock }) {
    this.machinesDir = options.machinesDir;
    this.installId = options.installId;
    this.clock = options.clock;
  }

  /** Names of folders that claim to be of this key and are not. */
  async of(key: string): Promise<readonly string[]> {
    await this.refresh();
    const found: string[] = [];
    for (const [name, claimed] of this.claims) {
      if (claimed !== key || name === key) continue;
      // Read again: it may be gone, or made anew under its own key.
      if ((await this.read(name))?.key === key) found.push(name);
    }
    return found.sort();
  }

  private async refresh(): Promise<void> {
    const changedAt = await this.changedAt();
    if (changedAt !== this.readAt || this.clock.now() - changedAt < RACY_MS) {
      this.names = await foldersIn(this.machinesDir);
      this.readAt = changedAt;
      const there = new Set(this.names);
      for (const name of this.claims.keys()) if (!there.has(name)) this.claims.delete(name);
    }
    for (const name of this.names) {
      if (this.claims.has(name)) continue;
      const claim = await this.read(name);
      if (claim?.marked === true) this.claims.set(name, claim.key);
    }
  }

  /** What cannot be read is told when its own key is looked at; here it is looked at again next time. */
  private async read(name: string): Promise<{ key?: string; marked: boolean } | undefined> {
    return claimOf(this.machinesDir, name, this.installId).catch(() => undefined);
  }

  private async changedAt(): Promise<number> {
    try {
      return (await stat(this.machinesDir)).mtimeMs;
    } catch (error) {
      if (isMissing(error)) return -1;
      throw error;
    }
  }
}
