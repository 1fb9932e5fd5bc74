import type { Clock } from '../../../../src/core/clock.ts';
import { messageOf } from '../../../../src/core/failure.ts';
import { jsonEqual } from '../../../../src/core/json.ts';
import type { Log } from '../../../../src/host/log.ts';
import type { Seen } from '../../../../src/connectors/connector.ts';
import type { Listing, Thing } from '../wire.ts';
import { sortOut, thingsSeen } from './look.ts';

/** What a picture is kept from. */
export interface PictureOptions {
  readonly installId: string;
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs: number;
  /** Everything, with one call; it may lag, and leave things out. */
  readonly list: (signal: AbortSignal) => Promise<Listing>;
  /** What is so now, of one key. */
  readonly look: (key: string, signal: AbortSignal) => Promise<Listing>;
}

type ByKey = ReadonlyMap<string, readonly Thing[]>;

/**
 * Nobody decides on what is older. Far longer than a list takes: it is as old as the question, so on a platform
 * that answers slowly nothing would ever be known.
 */
const STALE_AFTER_MS = 60_000;

/**
 * What a session knows of its location: one list for all, asked again and again. Absence is believed
 * only where the list cannot be wrong: what was touched, or has vanished from the list, is looked at
 * by itself, until the list is as new as that look.
 */
export class Picture {
  private readonly options: PictureOptions;
  private readonly watchers = new Set<(key: string) => void>();
  private readonly closing = new AbortController();
  private readonly ended: Promise<void>;
  private things: ByKey = new Map();
  private listedAt: number | undefined;
  private why = 'nothing was listed yet';
  /** Keys that are not known, with the number of the touch. */
  private readonly touches = new Map<string, number>();
  private lastTouch = 0;
  /** Keys that were looked at by themselves, and how new that was. */
  private readonly looked = new Map<string, number>();
  /** Keys that somebody asked for in vain. */
  private readonly asked = new Set<string>();
  private hurry = new AbortController();

  constructor(options: PictureOptions) {
    this.options = options;
    this.ended = this.keep();
  }

  view(key: string): Seen {
    const why = this.unknown(key);
    if (why === undefined) {
      const look = sortOut(this.things.get(key) ?? [], this.options.installId, key);
      return { known: true, things: thingsSeen(look, this.options.url) };
    }
    this.asked.add(key);
    return { known: false, why };
  }

  keys(): readonly string[] | undefined {
    if (this.unknown() !== undefined) return undefined;
    const { installId } = this.options;
    return [...this.things].flatMap(([key, things]) => {
      const { machines, disks, publications } = sortOut(things, installId, key);
      return machines.length + disks.length + publications.length > 0 ? [key] : [];
    });
  }

  /** Not known until it was asked for again, which happens at once. */
  touched(key: string): void {
    this.lastTouch += 1;
    this.touches.set(key, this.lastTouch);
    this.hurry.abort();
  }

  /** To be called before a key is looked at for another reason; takes what was found. */
  learning(key: string): (found: Listing) => void {
    const touch = this.touches.get(key);
    return ({ asOf, things }) => {
      if (asOf < (this.looked.get(key) ?? 0)) return;
      this.looked.set(key, asOf);
      if (this.touches.get(key) === touch) this.touches.delete(key);
      const found = this.byKey(things).get(key) ?? [];
      this.show(new Map([...this.things, [key, found]]));
    };
  }

  watch(changed: (key: string) => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.ended;
  }

  private unknown(key?: string): string | undefined {
    if (this.listedAt === undefined) return this.why;
    const ageMs = this.options.clock.elapsed() - this.listedAt;
    if (ageMs > STALE_AFTER_MS) return 'the last list is too old';
    return key !== undefined && this.touches.has(key) ? 'it was changed a moment ago' : undefined;
  }

  private async keep(): Promise<void> {
    const { clock, pollMs, log } = this.options;
    const { signal } = this.closing;
    while (!signal.aborted) {
      this.hurry = new AbortController();
      const began = clock.elapsed();
      try {
        const drawn = await this.draw(signal);
        this.listedAt = began;
        this.show(drawn);
      } catch (error) {
        if (signal.aborted) return;
        this.listedAt = undefined;
        this.why = messageOf(error);
        log.warn('the platform could not be listed', { cause: this.why });
      }
      const pause = AbortSignal.any([signal, this.hurry.signal]);
      await clock.sleep(pollMs, pause).catch(() => undefined);
    }
  }

  private async draw(signal: AbortSignal): Promise<ByKey> {
    const touches = new Map(this.touches);
    const { asOf, things } = await this.options.list(signal);
    const drawn = new Map<string, readonly Thing[]>(this.byKey(things));
    const drawnAt = new Map<string, number>();
    for (const key of this.doubtful(drawn, asOf)) {
      const look = await this.options.look(key, signal);
      drawn.set(key, this.byKey(look.things).get(key) ?? []);
      drawnAt.set(key, look.asOf);
    }
    // A verb may have looked meanwhile.
    for (const [key, seenAt] of this.looked) {
      if (seenAt > (drawnAt.get(key) ?? asOf)) drawn.set(key, this.things.get(key) ?? []);
    }
    for (const [key, seenAt] of drawnAt) {
      this.looked.set(key, Math.max(seenAt, this.looked.get(key) ?? 0));
    }
    for (const [key, touch] of touches) {
      if (this.touches.get(key) === touch) this.touches.delete(key);
      this.asked.add(key);
    }
    return drawn;
  }

  /** Keys of which the list cannot be believed. */
  private doubtful(drawn: ByKey, asOf: number): ReadonlySet<string> {
    const doubtful = new Set(this.touches.keys());
    for (const [key, seenAt] of this.looked) {
      if (asOf < seenAt) doubtful.add(key);
      else this.looked.delete(key);
    }
    for (const [key, before] of this.things) {
      const now = new Set(drawn.get(key)?.map(({ id }) => id));
      if (before.some(({ id }) => !now.has(id))) doubtful.add(key);
    }
    return doubtful;
  }

  private byKey(things: readonly Thing[]): ByKey {
    const mine = things.filter(({ marks }) => marks['install'] === this.options.installId);
    return Map.groupBy(mine, ({ marks }) => marks['key'] ?? '');
  }

  private show(drawn: ByKey): void {
    const before = this.things;
    this.things = drawn;
    const keys = new Set([...before.keys(), ...drawn.keys()]);
    const told = [...keys].filter((key) => !jsonEqual(before.get(key) ?? [], drawn.get(key) ?? []));
    const waiting = [...this.asked].filter((key) => this.unknown(key) === undefined);
    for (const key of waiting) this.asked.delete(key);
    for (const key of new Set([...told, ...waiting])) {
      for (const tell of this.watchers) tell(key);
    }
  }
}
