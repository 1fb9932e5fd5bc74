import type { Readable } from 'node:stream';
import type { Clock } from '../../../../src/core/clock.ts';
import type { Lease } from '../wire.ts';
import type { Floor } from './orders.ts';
import { Refused } from './refused.ts';
import { World } from './world.ts';

interface Held {
  readonly usedAt: number;
  readonly letGo: () => void;
}

/** Downloads: while one lasts, the machine whose disk it reads stays off. */
export class Leases {
  private readonly floor: Floor;
  private readonly clock: Clock;
  private readonly leaseMs: number;
  private readonly held = new Map<string, Held>();

  constructor(floor: Floor, clock: Clock, leaseMs: number) {
    this.floor = floor;
    this.clock = clock;
    this.leaseMs = leaseMs;
  }

  async begin(id: string): Promise<Lease> {
    await this.endOld();
    const { world, contents } = this.floor;
    const thing = world.get(id);
    const user = world.all().find(({ disk }) => disk === id);
    let letGo = (): void => undefined;
    await world.inTurn(user?.id ?? id, () => {
      letGo = this.hold(thing.id, user?.id);
      return Promise.resolve();
    });
    const lease = World.newId('lease');
    this.held.set(lease, { usedAt: this.clock.elapsed(), letGo });
    try {
      const bytes = await contents.prepare(thing.id, lease);
      this.use(lease);
      return { id: lease, bytes, leaseMs: this.leaseMs };
    } catch (error) {
      await this.end(lease);
      throw error;
    }
  }

  /** In turn with whatever is done to the machine. */
  private hold(disk: string, user: string | undefined): () => void {
    const { world, machines } = this.floor;
    const machine = user === undefined ? undefined : world.find(user);
    if (machine?.power === 'on') throw new Refused('Busy', `${machine.name} is on`);
    return machines.hold(disk);
  }

  /** Makes it last longer. */
  use(lease: string): void {
    const held = this.held.get(lease);
    if (held === undefined) throw new Refused('NotFound', 'this lease has ended');
    this.held.set(lease, { ...held, usedAt: this.clock.elapsed() });
  }

  send(lease: string): Readable {
    this.use(lease);
    return this.floor.contents.send(lease).on('data', () => {
      if (this.held.has(lease)) this.use(lease);
    });
  }

  async end(lease: string): Promise<void> {
    this.held.get(lease)?.letGo();
    this.held.delete(lease);
    await this.floor.contents.letGo(lease);
  }

  /** Lets go what nobody used for too long. */
  async endOld(): Promise<void> {
    for (const [lease, { usedAt }] of this.held) {
      if (this.clock.elapsed() - usedAt > this.leaseMs) await this.end(lease);
    }
  }
}
