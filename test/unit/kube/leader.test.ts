import { microTimestamp } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { lead, type Leadership } from '../../../src/kube/leader.ts';
import { LEASES, pathOf, type KubeObject } from '../../../src/kube/resource.ts';
import { openCore } from '../../support/api-core.ts';
import { createHandler } from '../../../src/apiserver/http/handler.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { ManualClock } from '../../support/clock.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';
import { until } from '../../support/until.ts';
import type { Transport } from '../../../src/core/transport.ts';

/* On the embedded server, whose leases the parity suite compares with those of a real one. */

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly renewTime?: string;
    readonly acquireTime?: string;
    readonly leaseTransitions?: number;
    readonly leaseDurationSeconds?: number;
  };
}

let transport: Transport;
let close: () => Promise<void>;
beforeEach(async () => {
  const core = await openCore();
  const { service: objects, resources } = core;
  const common = { clock: systemClock, log: silentLog, version: '1' };
  transport = createHandler({ objects, resources, ...common });
  close = () => core.close();
});
afterEach(() => close());

/** One who wants to lead, with a network and a clock of its own. */
class Candidate {
  readonly clock = new ManualClock();
  readonly lost: string[] = [];
  readonly stop = new AbortController();
  /** What happens to its requests. */
  network: 'well' | 'down' | 'silent' = 'well';
  private requests = 0;
  private underWay = 0;
  leadership: Leadership | undefined;
  failure: unknown;

  constructor(identity: string) {
    const send: Transport = async (request) => {
      this.requests += 1;
      if (this.network === 'down') throw new Error('connection refused');
      if (this.network === 'silent') return new Promise(() => undefined);
      this.underWay += 1;
      return transport(request).finally(() => {
        this.underWay -= 1;
      });
    };
    lead({
      client: kubeClient(send),
      namespace: 'default',
      name: 'one',
      identity,
      clock: this.clock,
      random: () => 0,
      log: silentLog,
      lost: (why) => this.lost.push(why),
      signal: this.stop.signal,
    }).then(
      (leadership) => {
        this.leadership = leadership;
      },
      (error: unknown) => {
        this.failure = error;
      },
    );
  }

  async leads(): Promise<void> {
    await until('it leads', async () => this.leadership !== undefined);
    await this.rests();
  }

  /** Lets time pass until the next pause, or the end. */
  async pass(spanMs: number): Promise<void> {
    this.clock.advance(spanMs);
    await this.rests();
  }

  /** It sleeps, or waits for an answer with the limit of a try. */
  async rests(): Promise<void> {
    let before = -1;
    await until('it rests', async () => {
      const isIdle = this.underWay === 0 && before === this.requests;
      before = this.requests;
      return isIdle && (this.clock.waiting > 0 || this.lost.length > 0);
    });
  }
}

async function lease(): Promise<NonNullable<Lease['spec']>> {
  const found = await kubeClient(transport).get<Lease>(LEASES, 'default', 'one');
  return found?.spec ?? {};
}

describe('an election', () => {
  it('is won by the first, who keeps the lease', async () => {
    const first = new Candidate('a');
    await first.leads();
    const won = await lease();
    expect(won).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: microTimestamp(first.clock.now()),
      renewTime: microTimestamp(first.clock.now()),
      leaseTransitions: 0,
    });
    expect(won.renewTime).toMatch(/\.\d{3}000Z$/);
    const second = new Candidate('b');
    await second.rests();
    for (let round = 0; round < 15; round += 1) {
      await first.pass(2000);
      await second.pass(2000);
    }
    expect(second.leadership).toBeUndefined();
    expect(await lease()).toMatchObject({
      acquireTime: won.acquireTime,
      renewTime: microTimestamp(first.clock.now()),
    });
    expect(first.lost).toEqual([]);
  });

  it('is won 15 s after the last renewal that the next one saw, whatever its clock shows', async () => {
    const first = new Candidate('a');
    await first.leads();
    first.network = 'down';
    const second = new Candidate('b');
    // An hour ahead: by the times in the lease, it ran out long ago.
    second.clock.set(3_600_000);
    await second.rests();
    for (let round = 0; round < 7; round += 1) await second.pass(2000);
    expect(second.leadership).toBeUndefined();
    await second.pass(2000);
    await second.leads();
    expect(await lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('is lost 10 s after the last renewal, before anybody else can win it', async () => {
    const first = new Candidate('a');
    await first.leads();
    first.network = 'down';
    for (let round = 0; round < 4; round += 1) await first.pass(2000);
    expect(first.lost).toEqual([]);
    await first.pass(2000);
    expect(first.lost).toEqual(['it was not renewed in time']);
  });

  it('is lost in time too when nobody answers', async () => {
    const first = new Candidate('a');
    await first.leads();
    first.network = 'silent';
    await first.pass(2000);
    await first.pass(5000);
    expect(first.lost).toEqual([]);
    await first.pass(2000);
    await first.pass(1000);
    expect(first.lost).toEqual(['it was not renewed in time']);
  });

  it('survives a short outage', async () => {
    const first = new Candidate('a');
    await first.leads();
    first.network = 'down';
    await first.pass(2000);
    await first.pass(2000);
    first.network = 'well';
    await first.pass(2000);
    expect(first.lost).toEqual([]);
    expect((await lease()).renewTime).toBe(microTimestamp(first.clock.now()));
  });

  it('is lost at once when another one took the lease', async () => {
    const first = new Candidate('a');
    await first.leads();
    const target = { namespace: 'default', name: 'one' };
    await kubeClient(transport).mergePatch(LEASES, target, { spec: { holderIdentity: 'b' } });
    await first.pass(2000);
    expect(first.lost).toEqual(['another one took the lease']);
  });

  it('is won at once after a release', async () => {
    const first = new Candidate('a');
    await first.leads();
    const second = new Candidate('b');
    await second.rests();
    await first.leadership?.release();
    const { holderIdentity, leaseDurationSeconds } = await lease();
    expect(holderIdentity).toBeUndefined();
    expect(leaseDurationSeconds).toBe(1);
    expect(first.lost).toEqual([]);
    await second.pass(2000);
    await second.leads();
    expect(await lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
  });

  it('leaves the lease of another one alone when it is released', async () => {
    const first = new Candidate('a');
    await first.leads();
    const target = { namespace: 'default', name: 'one' };
    await kubeClient(transport).mergePatch(LEASES, target, { spec: { holderIdentity: 'b' } });
    await first.leadership?.release();
    expect((await lease()).holderIdentity).toBe('b');
  });

  it('has one winner when many begin at once', async () => {
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => new Candidate(name));
    await Promise.all(all.map((each) => each.rests()));
    const winners = all.filter(({ leadership }) => leadership !== undefined);
    expect(winners).toHaveLength(1);
  });

  it('is given up while waiting', async () => {
    const first = new Candidate('a');
    await first.leads();
    const second = new Candidate('b');
    await second.rests();
    second.stop.abort();
    await until('it gives up', async () => second.failure !== undefined);
    expect(second.leadership).toBeUndefined();
  });

  it('asks for nothing but get, create and update of its lease', async () => {
    const asked = new Set<string>();
    const inner = transport;
    transport = (request) => {
      asked.add(`${request.method} ${request.path}`);
      return inner(request);
    };
    const first = new Candidate('a');
    await first.leads();
    await first.pass(2000);
    await first.leadership?.release();
    const one = pathOf(LEASES, 'default', 'one');
    expect(asked).toEqual(
      new Set([`GET ${one}`, `POST ${pathOf(LEASES, 'default')}`, `PUT ${one}`]),
    );
  });
});
