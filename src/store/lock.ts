import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { Failure } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import { isMissing } from '../host/files.ts';
import { createOnce, type Layout } from './layout.ts';
import { livenessOf, thisProcess, type Owner } from './owner.ts';

const POLL_MS = 20;
const WAIT_MS = 30_000;
/**
 * The lock is held for milliseconds. An owner that cannot be looked at (another host, another
 * container, a file torn by a power cut) counts as dead when its lock is this old.
 */
const ABANDONED_MS = 300_000;

interface Claim {
  readonly token: string;
  readonly owner: Owner | undefined;
  readonly sinceMs: number;
}

function parseClaim(text: string): Omit<Claim, 'sinceMs'> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) {
      const { token, host, pid, start } = value;
      if (typeof token === 'string' && /^[0-9a-f-]{36}$/.test(token)) {
        const known =
          typeof host === 'string' && typeof pid === 'number' && typeof start === 'string';
        return { token, owner: known ? { host, pid, start } : undefined };
      }
    }
  } catch {
    // A torn file is an abandoned claim of nobody.
  }
  return { token: 'unreadable', owner: undefined };
}

async function readClaim(path: string): Promise<Claim | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      const { mtimeMs } = await handle.stat();
      return { ...parseClaim(await handle.readFile('utf8')), sinceMs: mtimeMs };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * A lock between processes: a file with its owner's name, made by `link`. It is taken over from a
 * dead owner by whoever wins the second file `after-<token of the dead>`: the first file cannot
 * change while its owner is dead and the right to follow is held, so no living lock is ever removed.
 */
export class StoreLock {
  private readonly layout: Layout;
  private readonly clock: Clock;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(layout: Layout, clock: Clock) {
    this.layout = layout;
    this.clock = clock;
  }

  /** Runs `work` alone. Waiting is bounded; a lock that stays taken is a Busy failure. */
  hold<Result>(work: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const turn = this.queue.then(async () => {
      const token = await this.acquire(signal);
      try {
        return await work();
      } finally {
        await this.release(token);
      }
    });
    this.queue = turn.catch(() => undefined);
    return turn;
  }

  private async acquire(signal?: AbortSignal): Promise<string> {
    const token = randomUUID();
    const deadline = this.clock.now() + WAIT_MS;
    for (;;) {
      signal?.throwIfAborted();
      const holder = await readClaim(this.layout.lock);
      if (holder === undefined) {
        if (await this.claim(this.layout.lock, token)) return token;
        continue;
      }
      if (this.isDead(holder) && (await this.follow(holder.token, holder.token, token))) {
        return token;
      }
      if (this.clock.now() > deadline) throw this.busy(holder);
      await this.clock.sleep(POLL_MS, signal);
    }
  }

  private claim(path: string, token: string): Promise<boolean> {
    return createOnce(this.layout, path, { content: JSON.stringify({ token, ...thisProcess() }) });
  }

  private isDead({ owner, sinceMs }: Claim): boolean {
    const liveness = owner === undefined ? 'unknown' : livenessOf(owner);
    if (liveness !== 'unknown') return liveness === 'gone';
    return this.clock.now() - sinceMs > ABANDONED_MS;
  }

  /** Takes the lock from `dead`, with the right to follow `last`: `dead`, or a dead follower of it. */
  private async follow(dead: string, last: string, token: string): Promise<boolean> {
    const right = join(this.layout.ingest, `after-${last}`);
    const own = randomUUID();
    if (!(await this.claim(right, own))) {
      const rival = await readClaim(right);
      if (rival === undefined || rival.token === last || !this.isDead(rival)) return false;
      return this.follow(dead, rival.token, token);
    }
    try {
      if ((await readClaim(this.layout.lock))?.token !== dead) return false;
      const next = join(this.layout.ingest, randomUUID());
      await this.claim(next, token);
      await rename(next, this.layout.lock);
      return true;
    } finally {
      await rm(right, { force: true });
    }
  }

  private async release(token: string): Promise<void> {
    const holder = await readClaim(this.layout.lock);
    if (holder?.token === token) await rm(this.layout.lock, { force: true });
  }

  private busy({ owner }: Claim): Failure {
    const who = owner === undefined ? 'an unknown owner' : `process ${owner.pid}`;
    return new Failure({
      consequence: 'Busy',
      code: 'StoreLocked',
      message: `${this.layout.root}: the store is locked by ${who}`,
      hint: `If no such process runs, remove ${this.layout.lock}.`,
    });
  }
}
