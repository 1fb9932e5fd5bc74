import { microTimestamp, type Clock, type Random } from '../core/clock.ts';
import { failureData, isFailure } from '../core/failure.ts';
import { jsonEqual } from '../core/json.ts';
import type { Log } from '../host/log.ts';
import type { KubeClient } from './client.ts';
import { apiVersionOf, LEASES, type KubeObject } from './resource.ts';

/** How long a lease lasts, and how it is kept. */
export interface LeaseTiming {
  /** Others wait so long after the last renewal that they saw. */
  readonly leaseMs: number;
  /** Whoever could not renew for so long leads no more. */
  readonly renewMs: number;
  /** Pause between tries. */
  readonly retryMs: number;
}

/** That of client-go. */
const LEASE_TIMING: LeaseTiming = { leaseMs: 15_000, renewMs: 10_000, retryMs: 2000 };
/** Those who wait spread their tries by up to this share. */
const JITTER = 1.2;

/** What an election needs. */
export interface ElectionOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Of the lease: whoever uses the same one never leads at the same time. */
  readonly name: string;
  /** Of us; nobody else, and no earlier process, may have the same. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly timing?: LeaseTiming;
  /** Called at most once, when somebody else leads or may soon: end at once what only a leader may do. */
  readonly lost: (why: string) => void;
  /** Ends the wait for the lease. */
  readonly signal: AbortSignal;
}

/** We lead, until we give it up or lose it. */
export interface Leadership {
  /** Gives the lease up, so that the next one need not wait for its end. */
  release(): Promise<void>;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

interface Lease extends KubeObject {
  readonly spec?: LeaseSpec;
}

type Outcome = 'held' | 'theirs' | 'failed';

/** Waits until we lead. The lease is kept from then on. */
export async function lead(options: ElectionOptions): Promise<Leadership> {
  const election = new Election(options);
  await election.win();
  return election;
}

class Election implements Leadership {
  private readonly options: ElectionOptions;
  private readonly timing: LeaseTiming;
  private readonly released = new AbortController();
  /** The lease as it was last seen to change, and when that was: clocks of others tell nothing. */
  private seen: { readonly spec: LeaseSpec; readonly at: number } = { spec: {}, at: 0 };
  /** When the try began that renewed the lease last. */
  private heldAt = 0;
  private complaint = '';
  private keeping: Promise<void> = Promise.resolve();

  constructor(options: ElectionOptions) {
    this.options = options;
    this.timing = options.timing ?? LEASE_TIMING;
  }

  async win(): Promise<void> {
    const { clock, random, signal, log, namespace, name } = this.options;
    let isTold = false;
    while ((await this.try(this.timing.renewMs / 2, signal)) !== 'held') {
      const { holderIdentity: holder } = this.seen.spec;
      if (!isTold && holder !== undefined) log.info('another one leads', { holder });
      isTold ||= holder !== undefined;
      await clock.sleep(this.timing.retryMs * (1 + random() * JITTER), signal);
    }
    log.info('this process leads', { lease: `${namespace}/${name}` });
    this.keeping = this.keep();
  }

  async release(): Promise<void> {
    this.released.abort();
    await this.keeping;
    const never = new AbortController().signal;
    const isFree = await this.within(this.timing.renewMs / 2, never, (signal) => this.free(signal));
    if (!isFree) this.options.log.warn('the lease was not given up and will run out', {});
  }

  private async keep(): Promise<void> {
    const { clock, log, lost } = this.options;
    const { retryMs, renewMs } = this.timing;
    const { signal } = this.released;
    while (!signal.aborted) {
      await clock.sleep(retryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      const leftMs = this.heldAt + renewMs - clock.elapsed();
      const outcome = await this.try(Math.min(renewMs / 2, leftMs), signal);
      if (signal.aborted || outcome === 'held') continue;
      const isOver = clock.elapsed() - this.heldAt >= renewMs;
      if (outcome === 'failed' && !isOver) continue;
      const why =
        outcome === 'theirs' ? 'another one took the lease' : 'it was not renewed in time';
      log.error('this process leads no more', { why });
      return lost(why);
    }
  }

  /** One look and one write, in limited time. Whatever goes wrong, the next try may do better. */
  private async try(limitMs: number, signal: AbortSignal): Promise<Outcome> {
    const { clock, log } = this.options;
    const begun = clock.elapsed();
    try {
      const outcome = await this.within(limitMs, signal, (inTime) => this.take(inTime));
      if (outcome === 'held') this.heldAt = begun;
      this.complaint = '';
      return outcome ?? 'failed';
    } catch (error) {
      const { code, message } = failureData(error);
      if (this.complaint !== message && !signal.aborted) {
        log.warn('the lease cannot be had', { code, error: message });
      }
      this.complaint = message;
      return 'failed';
    }
  }

  private async take(signal: AbortSignal): Promise<Outcome> {
    const { client, namespace, name, identity, clock } = this.options;
    const found = await client.get<Lease>(LEASES, namespace, name, signal);
    const spec = found?.spec ?? {};
    if (!jsonEqual(spec, this.seen.spec)) this.seen = { spec, at: clock.elapsed() };
    const { holderIdentity: holder = '', leaseTransitions: transitions = 0 } = spec;
    const isOurs = holder === identity;
    if (holder !== '' && !isOurs && !this.hasRunOut(spec)) return 'theirs';
    const now = microTimestamp(clock.now());
    const wanted: LeaseSpec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(this.timing.leaseMs / 1000),
      acquireTime: isOurs ? (spec.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: isOurs || found === undefined ? transitions : transitions + 1,
    };
    await this.write(found, wanted, signal);
    return 'held';
  }

  private hasRunOut({ leaseDurationSeconds }: LeaseSpec): boolean {
    const lastsMs =
      leaseDurationSeconds === undefined ? this.timing.leaseMs : leaseDurationSeconds * 1000;
    return this.options.clock.elapsed() >= this.seen.at + lastsMs;
  }

  /** Fails with a conflict if somebody else wrote in between. */
  private async write(found: Lease | undefined, spec: LeaseSpec, signal: AbortSignal) {
    const { client, namespace, name, clock } = this.options;
    const identity = { apiVersion: apiVersionOf(LEASES), kind: LEASES.kind };
    const written =
      found === undefined
        ? await client.create<Lease>(
            LEASES,
            { ...identity, metadata: { name, namespace }, spec },
            { signal },
          )
        : await client.replace<Lease>(LEASES, { ...found, ...identity, spec }, { signal });
    this.seen = { spec: written.spec ?? {}, at: clock.elapsed() };
  }

  private async free(signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name, identity, clock } = this.options;
    try {
      const found = await client.get<Lease>(LEASES, namespace, name, signal);
      if (found?.spec?.holderIdentity !== identity) return true;
      const { leaseTransitions = 0 } = found.spec;
      const now = microTimestamp(clock.now());
      const spec = { leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
      await this.write(found, spec, signal);
      return true;
    } catch (error) {
      if (isFailure(error)) return false;
      throw error;
    }
  }

  private async within<Result>(
    limitMs: number,
    stop: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result | undefined> {
    const over = new AbortController();
    const done = new AbortController();
    const late = this.options.clock.sleep(Math.max(0, limitMs), done.signal).then(
      () => over.abort(),
      () => undefined,
    );
    try {
      return await work(AbortSignal.any([over.signal, stop]));
    } finally {
      done.abort();
      await late;
    }
  }
}
