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

/** What a folder says of itself. */
interface Claim {
  /** The key that it says it belongs to, if it says so with our mark. */
  readonly key: string | undefined;
  /** Whether it has a marker, of whatever installation. */
  readonly marked: boolean;
  /** Of the folder, from before its markers were read. */
  readonly stamp: number;
}

/**
 * Knows what each folder claims, and so finds those that somebody copied. Folders that were read
 * once are not read again while the list of them is the same, so that a look at one key costs the same
 * however many there are.
 */
export class Copies {
  private readonly machinesDir: string;
  private readonly installId: string;
  private readonly clock: Clock;
  /** Of each folder that has a marker. */
  private readonly claims = new Map<string, Claim>();
  private names: readonly string[] = [];
  /** Of the machines folder, from before the names were read. */
  private stamp = Number.NaN;
  /** Settles without failing, so that one that failed does not stop those after it. */
  private lastWalk: Promise<void> = Promise.resolve();
  /** Waits for the last one to end; undefined when it has begun. */
  private nextWalk: Promise<void> | undefined;

  constructor(options: { machinesDir: string; installId: string; clock: Clock }) {
    this.machinesDir = options.machinesDir;
    this.installId = options.installId;
    this.clock = options.clock;
  }

  /** Names of folders that claim to be of this key and are not. */
  async of(key: string): Promise<readonly string[]> {
    await this.refresh();
    const found: string[] = [];
    for (const [name, claim] of this.claims) {
      if (claim.key !== key || name === key) continue;
      // Read again: it may be gone, or made anew under its own key.
      if ((await this.tryRead(name))?.key === key) found.push(name);
    }
    return found.sort();
  }

  /** Names of all folders. */
  async all(): Promise<readonly string[]> {
    await this.refresh();
    return this.names;
  }

  /**
   * Whether a folder belongs to the key that it is named after. Markers are made and removed as
   * wholes, which the time stamp of the folder tells, so most are not read again.
   */
  async isOwn(name: string): Promise<boolean> {
    const known = this.claims.get(name);
    const stamp = await this.stampOf(placesIn(this.machinesDir, name).folder);
    return (known?.stamp === stamp ? known : await this.read(name)).key === name;
  }

  /**
   * A walk that is under way may have passed by what appeared just now, so whoever comes meanwhile
   * waits for the next one; but all of them share that one, however many keys are looked at together.
   */
  private refresh(): Promise<void> {
    this.nextWalk ??= this.lastWalk.then(() => {
      this.nextWalk = undefined;
      const walk = this.walk();
      this.lastWalk = walk.catch(() => undefined);
      return walk;
    });
    return this.nextWalk;
  }

  private async walk(): Promise<void> {
    const stamp = await this.stampOf(this.machinesDir);
    if (stamp !== this.stamp) {
      this.names = await foldersIn(this.machinesDir);
      this.stamp = stamp;
      const there = new Set(this.names);
      for (const name of this.claims.keys()) if (!there.has(name)) this.claims.delete(name);
    }
    for (const name of this.names) {
      if (!this.claims.has(name)) await this.tryRead(name);
    }
  }

  /** What cannot be read is told when its own key is looked at; here it is looked at again next time. */
  private tryRead(name: string): Promise<Claim | undefined> {
    return this.read(name).catch(() => undefined);
  }

  private async read(name: string): Promise<Claim> {
    const places = placesIn(this.machinesDir, name);
    const stamp = await this.stampOf(places.folder);
    const markers = [await readDiskMarker(places), await readMachineMarker(places)];
    const known = markers.filter((marker) => marker !== undefined);
    const ours = known.find(({ installId }) => installId === this.installId);
    const claim = { key: ours?.key, marked: known.length > 0, stamp };
    if (claim.marked) this.claims.set(name, claim);
    else this.claims.delete(name);
    return claim;
  }

  /** The time stamp of a folder; while it may change without telling, one that equals no other. */
  private async stampOf(folder: string): Promise<number> {
    try {
      const { mtimeMs } = await stat(folder);
      return this.clock.now() - mtimeMs < RACY_MS ? Number.NaN : mtimeMs;
    } catch (error) {
      if (isMissing(error)) return -1;
      throw error;
    }
  }
}
