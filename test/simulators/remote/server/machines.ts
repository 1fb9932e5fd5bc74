import { join } from 'node:path';
import type { Clock } from '../../../../src/core/clock.ts';
import type { Contents } from './contents.ts';
import { Guest } from './guest.ts';
import { Refused } from './refused.ts';
import type { World } from './world.ts';

/** What machines are run with. */
export interface MachinesOptions {
  readonly world: World;
  readonly contents: Contents;
  readonly clock: Clock;
  /** Holds sockets; short. */
  readonly runDir: string;
  /** True where a machine that its guest switched off is still paid for. */
  readonly paysForStopped: boolean;
}

/** Faults machines on and off, and sees when their guests do. */
export class Machines {
  private readonly options: MachinesOptions;
  private readonly guests = new Map<string, Guest>();
  /** Disks whose bytes are being read, with how often. */
  private readonly held = new Map<string, number>();

  constructor(options: MachinesOptions) {
    this.options = options;
  }

  socketOf(id: string): string {
    return join(this.options.runDir, `${id.slice(-16)}.tty`);
  }

  /** Keeps whatever has this disk off until it is let go. */
  hold(disk: string): () => void {
    this.held.set(disk, (this.held.get(disk) ?? 0) + 1);
    return () => this.held.set(disk, (this.held.get(disk) ?? 1) - 1);
  }

  async start(id: string, ifBoots: number): Promise<void> {
    const { world, contents, clock } = this.options;
    const machine = world.get(id);
    if (machine.power === 'on' || machine.boots !== ifBoots) return;
    if (machine.disk === undefined) throw new Refused('Bad', `${machine.name} has no disk`);
    if ((this.held.get(machine.disk) ?? 0) > 0) {
      throw new Refused('Busy', `the disk of ${machine.name} is being read`);
    }
    const guest = await Guest.start({
      name: machine.name,
      disk: contents.pathOf(machine.disk),
      memoryMiB: machine.memoryMiB ?? 128,
      serialSocket: this.socketOf(id),
    });
    this.guests.set(id, guest);
    guest.ended.then((clean) => this.ended(id, guest, clean)).catch(() => undefined);
    await world.change(id, { power: 'on', boots: ifBoots + 1, bootedAt: clock.now() });
  }

  pressButton(id: string): void {
    this.guests.get(id)?.pressButton();
  }

  /** Resolves when it is off. */
  async offOf(id: string): Promise<void> {
    await this.guests.get(id)?.ended;
  }

  /** Pulls the plug. */
  async stop(id: string): Promise<void> {
    const guest = this.guests.get(id);
    this.guests.delete(id);
    await guest?.stop();
    await this.options.world.change(id, { power: 'off' });
  }

  async crash(id: string): Promise<void> {
    await this.guests.get(id)?.crash();
    await this.options.world.change(id, { power: 'off' });
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.guests.keys()].map((id) => this.stop(id)));
  }

  get running(): readonly string[] {
    return [...this.guests.keys()];
  }

  private async ended(id: string, guest: Guest, clean: boolean): Promise<void> {
    if (this.guests.get(id) !== guest) return;
    this.guests.delete(id);
    const power = clean && this.options.paysForStopped ? 'stopped' : 'off';
    await this.options.world.change(id, { power });
  }
}
