import type { Clock } from '../../../../src/core/clock.ts';
import type { Order, TaskSeen } from '../wire.ts';
import { carryOut, type Floor } from './orders.ts';
import { refusalOf } from './refused.ts';
import type { Faults } from '../../../contract/fault-stage.ts';
import { World } from './world.ts';

/** How often an operation that is held looks whether it may go on. */
const HELD_MS = 10;

interface Task {
  readonly beganAt: number;
  readonly takesMs: number;
  readonly ended?: TaskSeen;
}

/** Operations that go on after their request was answered. They die with the platform. */
export class Tasks {
  private readonly floor: Floor;
  private readonly switches: Faults;
  private readonly clock: Clock;
  private readonly closing = new AbortController();
  private readonly known = new Map<string, Task>();
  private readonly running = new Set<Promise<void>>();

  constructor(floor: Floor, switches: Faults, clock: Clock) {
    this.floor = floor;
    this.switches = switches;
    this.clock = clock;
  }

  begin(order: Order): string {
    const id = World.newId('task');
    const { vanishTasks, taskMs } = this.switches;
    if (!vanishTasks) this.known.set(id, { beganAt: this.clock.now(), takesMs: taskMs });
    const work = this.work(id, order, taskMs).catch(() => undefined);
    this.running.add(work);
    work.finally(() => this.running.delete(work)).catch(() => undefined);
    return id;
  }

  look(id: string): TaskSeen | undefined {
    const task = this.known.get(id);
    if (task === undefined) return undefined;
    if (task.ended !== undefined) return task.ended;
    const part = (this.clock.now() - task.beganAt) / Math.max(1, task.takesMs);
    return { state: 'running', percent: Math.min(99, Math.floor(part * 100)) };
  }

  /** True while anything goes on. */
  get busy(): boolean {
    return this.running.size > 0;
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.all(this.running);
  }

  private async work(id: string, order: Order, takesMs: number): Promise<void> {
    const { world } = this.floor;
    const target = 'id' in order ? order.id : undefined;
    const isKnown = this.known.has(id);
    if (target !== undefined && isKnown) await world.change(target, { task: id });
    if (takesMs > 0) await this.clock.sleep(takesMs, this.closing.signal);
    while (this.switches.holdTasks) await this.clock.sleep(HELD_MS, this.closing.signal);
    let ended: TaskSeen = { state: 'done', percent: 100 };
    try {
      const work = (): Promise<void> => carryOut(this.floor, order);
      // Waits for a guest, and whoever pulls the plug must not wait for it.
      await (order.op === 'shutdown' ? work() : world.inTurn(target ?? id, work));
    } catch (error) {
      ended = { state: 'failed', percent: 0, refusal: refusalOf(error) };
    }
    if (target !== undefined) await world.endTask(target, id);
    const task = this.known.get(id);
    if (task !== undefined) this.known.set(id, { ...task, ended });
  }
}
