import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, writeFileAtomic } from '../../../../src/host/files.ts';
import type { Listing, Thing } from '../wire.ts';
import { Refused } from './refused.ts';
import type { Faults } from '../../../contract/fault-stage.ts';

const LISTS_KEPT = 32;

/** Everything that is on the platform; on disk, so that the platform can be started again. */
export class World {
  private readonly file: string;
  private readonly switches: Faults;
  private readonly things: Map<string, Thing>;
  private asOf: number;
  private lists: readonly Listing[] = [];
  private saving: Promise<void> = Promise.resolve();
  private readonly turns = new Map<string, Promise<void>>();

  private constructor(file: string, switches: Faults, saved: Listing) {
    this.file = file;
    this.switches = switches;
    this.asOf = saved.asOf;
    this.things = new Map(saved.things.map((thing) => [thing.id, thing]));
  }

  /** Machines do not outlive the platform: they are off after a start, and no operation goes on. */
  static async open(folder: string, switches: Faults): Promise<World> {
    const file = join(folder, 'things.json');
    const saved = await readFile(file, 'utf8').catch((error: unknown) => {
      if (isMissing(error)) return '{"asOf":0,"things":[]}';
      throw error;
    });
    const { asOf, things } = JSON.parse(saved) as Listing;
    const rested = things.map((thing): Thing => {
      const { task: _, ...rest } = thing;
      return rest.power === 'on' ? { ...rest, power: 'off' } : rest;
    });
    return new World(file, switches, { asOf: asOf + 1, things: rested });
  }

  static newId(prefix: string): string {
    return `${prefix}-${randomBytes(8).toString('hex')}`;
  }

  find(id: string): Thing | undefined {
    return this.things.get(id);
  }

  get(id: string): Thing {
    const thing = this.things.get(id);
    if (thing === undefined) throw new Refused('NotFound', `there is no ${id.slice(0, 40)}`);
    return thing;
  }

  all(): readonly Thing[] {
    return [...this.things.values()];
  }

  /** Nobody sees it before `fill` has given it its content. */
  async add(
    thing: Omit<Thing, 'id' | 'made'>,
    fill: (id: string) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const whole = { ...thing, id: World.newId(thing.kind), made: this.asOf + 1 };
    await fill(whole.id);
    await this.set(whole);
  }

  /** Changes what is there; what is not there any more stays so. */
  async change(id: string, change: Partial<Thing>): Promise<void> {
    const thing = this.things.get(id);
    if (thing !== undefined) await this.set({ ...thing, ...change });
  }

  async endTask(id: string, task: string): Promise<void> {
    const { task: current, ...rest } = this.things.get(id) ?? {};
    if (current === task) await this.set(rest as Thing);
  }

  async remove(id: string): Promise<void> {
    this.things.delete(id);
    await this.save();
  }

  /** One after the other on each thing. */
  async inTurn(id: string, work: () => Promise<void>): Promise<void> {
    const mine = (this.turns.get(id) ?? Promise.resolve()).then(work);
    this.turns.set(
      id,
      mine.catch(() => undefined),
    );
    await mine;
  }

  /** What is so now, of everything that has this name or says that it belongs to this key. */
  look(key: string): Listing {
    const things = this.all().filter(
      ({ name, marks }) => name === key || name.startsWith(`${key}.`) || marks['key'] === key,
    );
    return { asOf: this.asOf, things };
  }

  /** What the list says, which may not be so. */
  list(): Listing {
    const { failLists, lagLists, dropFromLists } = this.switches;
    if (failLists) throw new Refused('Broken', 'the list is out of order');
    this.lists = [...this.lists, { asOf: this.asOf, things: this.all() }].slice(-LISTS_KEPT);
    const { asOf, things } = this.lists.at(-1 - lagLists) ?? { asOf: 0, things: [] };
    return { asOf, things: things.filter(({ name }) => name !== dropFromLists) };
  }

  private async set(thing: Thing): Promise<void> {
    this.things.set(thing.id, thing);
    await this.save();
  }

  private async save(): Promise<void> {
    this.asOf += 1;
    const content = (): string => JSON.stringify({ asOf: this.asOf, things: this.all() });
    this.saving = this.saving
      .catch(() => undefined)
      .then(() => writeFileAtomic(this.file, content()));
    await this.saving;
  }
}
