import type {
  Capabilities,
  Connector,
  DiskSeen,
  MachineSeen,
  Operation,
  Outcome,
  PublicationSeen,
} from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';

/** In which ways a platform is unlike others. */
export interface ToyTraits extends Partial<Capabilities> {
  /** Every verb takes an operation of its own, which is asked for once before the verb says done. */
  readonly isSlow?: boolean;
}

/** What a toy platform tells of itself. */
interface Outer {
  readonly effect: (name: string, work: () => void) => void;
  readonly tell: (key: string) => void;
}

const DONE: Outcome = { done: true };

/** A platform that only remembers. A machine that is switched on installs itself and is off a moment later. */
export class ToyPlatform {
  readonly machines = new Map<string, MachineSeen>();
  readonly disks = new Map<string, DiskSeen>();
  readonly publications = new Map<string, PublicationSeen>();
  /** What happens to a machine once it is on; by default it does its work and is off. */
  onBoot: (key: string) => void = (key) => this.end(key);
  readonly connector: Connector;
  private readonly traits: ToyTraits;
  private readonly outer: Outer;
  private readonly operations = new Map<string, () => void>();
  private uploads = 0;

  constructor(traits: ToyTraits, outer: Outer) {
    this.traits = traits;
    this.outer = outer;
    this.connector = this.asConnector();
  }

  upload(key: string, composition: string): void {
    if (this.disks.has(key)) return;
    this.uploads += 1;
    const id = `disk ${this.uploads}`;
    this.outer.effect('put disk', () => {
      this.disks.set(key, { id, state: 'ready', composition });
    });
  }

  publish(key: string, revision: string): void {
    this.outer.effect('publish', () => {
      const text = `In a toy as ${key}.`;
      this.publications.set(key, { id: `${key}/${revision}`, revision, text });
    });
  }

  /** Switches a machine off, as its guest would. */
  end(key: string): void {
    const seen = this.machines.get(key);
    if (seen !== undefined) this.machines.set(key, { ...seen, power: 'off' });
    this.outer.tell(key);
  }

  private powerOn(key: string): void {
    const seen = this.machines.get(key);
    if (seen === undefined) return;
    const boot = String(Number(seen.boot ?? '0') + 1);
    this.machines.set(key, { ...seen, power: 'on', boot });
    setImmediate(() => this.onBoot(key));
  }

  /** An effect, at once or as an operation that is stored before it is followed. */
  private verb(name: string, isDone: () => boolean, work: () => void): Promise<Outcome> {
    if (isDone()) return Promise.resolve(DONE);
    if (this.traits.isSlow !== true) {
      this.outer.effect(name, work);
      return Promise.resolve(DONE);
    }
    const handle = `operation ${this.operations.size}`;
    this.outer.effect(`begin ${name}`, () => this.operations.set(handle, work));
    return Promise.resolve({ done: false, handle });
  }

  /** The operation is done when it is first asked for; after that nobody knows it any more. */
  private poll(handle: string): Operation {
    const work = this.operations.get(handle);
    if (work === undefined) return { state: 'gone' };
    this.operations.set(handle, () => undefined);
    work();
    return { state: 'done' };
  }

  private asConnector(): Connector {
    const gone = (key: string) => !this.machines.has(key);
    return {
      platform: 'toy',
      can: this.capabilities(),
      createMachine: async (key, want) =>
        this.verb(
          `create ${want.purpose} machine`,
          () => this.machines.has(key),
          () => this.machines.set(key, { id: key, power: 'off', text: 'In a toy.' }),
        ),
      power: async (key, want) => {
        const { power, boot } = this.machines.get(key) ?? {};
        if (want.to !== 'on') return DONE;
        const isDone = () => power !== 'off' || boot !== want.after;
        return this.verb('power on', isDone, () => this.powerOn(key));
      },
      deleteMachine: async (key) =>
        this.verb(
          'delete machine',
          () => gone(key),
          () => this.machines.delete(key),
        ),
      deleteDisk: async (key) =>
        this.verb(
          'delete disk',
          () => !this.disks.has(key),
          () => this.disks.delete(key),
        ),
      publish: async (key, { revision, after }) => {
        const isDone = () => this.publications.has(key);
        if (!isDone() && this.machines.get(key)?.boot !== after) {
          throw new Failure({ consequence: 'Conflict', code: 'BootedSince', message: key });
        }
        return this.verb('publish', isDone, () => {
          const text = `In a toy as ${key}.`;
          this.publications.set(key, { id: `${key}/${revision}`, revision, text });
        });
      },
      unpublish: async (key) =>
        this.verb(
          'unpublish',
          () => !this.publications.has(key),
          () => this.publications.delete(key),
        ),
      poll: async (handle) => this.poll(handle),
      verify: async () => ({
        credentials: { ok: true, reason: 'NotNeeded', message: 'none needed' },
        location: { ok: true, reason: 'Usable', message: 'usable' },
      }),
      view: async (key) => ({ known: true, things: this.things(key) }),
      keys: async () => [...new Set([...this.machines.keys(), ...this.disks.keys()])],
      describe: async () => ({ text: 'In a toy.', lastLines: [] }),
      touched: () => undefined,
      watch: () => () => undefined,
    };
  }

  private capabilities(): Capabilities {
    const { published = 'file', runsScripts = true, heartbeat = false } = this.traits;
    return { published, runsScripts, heartbeat, proven: 'simulated only' };
  }

  private things(key: string) {
    const one = <Item>(found: Item | undefined) => (found === undefined ? [] : [found]);
    return {
      machines: one(this.machines.get(key)),
      disks: one(this.disks.get(key)),
      publications: one(this.publications.get(key)),
      copies: [],
    };
  }
}
