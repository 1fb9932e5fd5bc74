import { failureData, Failure, isFailure, transient } from '../../../../src/core/failure.ts';
import type {
  Connector,
  Description,
  MachineWanted,
  Operation,
  Outcome,
  PowerWanted,
  PublishWanted,
  Verification,
} from '../../../../src/connectors/connector.ts';
import type { Order, TaskSeen, Thing } from '../wire.ts';
import { refused } from './http.ts';
import { checkName, complete, marksOf, nameOf, type Look } from './look.ts';
import { lookAt } from './look-at.ts';
import type { Picture } from './picture.ts';
import type { Line, RemoteSpec } from './platform.ts';

const DONE: Outcome = { done: true };
const HANDLE = /^task-[0-9a-f]{16}$/;
const MEMORY_MIB = 256;

const busy = (message: string): Failure =>
  new Failure({ consequence: 'Busy', code: 'MachineOn', message });
const missing = (message: string): Failure =>
  new Failure({ consequence: 'Lost', code: 'Missing', message });
const published = (key: string): Failure =>
  new Failure({
    consequence: 'Conflict',
    code: 'Published',
    message: `${key} is published: its machine and its disk are the publication`,
    hint: 'Remove the publication itself.',
  });

const bootedSince = (key: string): Failure =>
  new Failure({
    consequence: 'Conflict',
    code: 'BootedSince',
    message: `the machine ${key} was booted since its disk was inspected`,
    hint: 'Nothing is to be done: it is inspected again.',
  });
/** The name of the last boot. */
const bootOf = (machine: Thing | undefined): string | undefined =>
  machine?.boots === undefined || machine.boots === 0 ? undefined : String(machine.boots);

/** Each verb looks at what is there, and makes the one change that comes next. */
class Verbs {
  private readonly line: Line;
  private readonly picture: Picture;
  private readonly spec: RemoteSpec;

  constructor(line: Line, picture: Picture, spec: RemoteSpec) {
    this.line = line;
    this.picture = picture;
    this.spec = spec;
  }

  async createMachine(key: string, want: MachineWanted, signal: AbortSignal): Promise<Outcome> {
    const look = await this.look(key, signal);
    const [machine] = look.machines;
    const [disk] = complete(look.disks);
    if (machine?.disk !== undefined) return this.keepFirst(look.machines, key, signal);
    if (disk === undefined) throw transient('DiskMissing', `the disk of ${key} is not there yet`);
    if (machine?.task !== undefined) return { done: false, handle: machine.task };
    if (machine !== undefined) {
      return this.order(key, { op: 'attach', id: machine.id, disk: disk.id }, signal);
    }
    const marks = marksOf(this.line.options.installId, key, { purpose: want.purpose });
    const { memoryMiB = MEMORY_MIB } = this.spec;
    const { displayName } = want;
    const clone = { op: 'clone', name: nameOf(key), marks, displayName, memoryMiB } as const;
    return this.order(key, clone, signal);
  }

  async power(key: string, want: PowerWanted, signal: AbortSignal): Promise<Outcome> {
    const { machines } = await this.look(key, signal);
    const [machine] = complete(machines);
    if (machine === undefined) throw missing(`there is no machine ${key}`);
    const kept = await this.keepFirst(machines, key, signal);
    if (!kept.done) return kept;
    const { id, power, boots = 0, task } = machine;
    if (want.to === 'off') {
      return power === 'off' ? DONE : this.order(key, { op: 'off', id }, signal);
    }
    if (want.to === 'shutdown' && power !== 'on') return DONE;
    if (want.to === 'on' && (power === 'on' || bootOf(machine) !== want.after)) return DONE;
    if (task !== undefined) return { done: false, handle: task };
    if (want.to === 'shutdown') return this.order(key, { op: 'shutdown', id }, signal);
    return this.order(key, { op: 'start', id, ifBoots: boots }, signal);
  }

  async deleteMachine(key: string, signal: AbortSignal): Promise<Outcome> {
    const look = await this.look(key, signal);
    if (look.machines.length > 0) this.refusePublished(look, key);
    return this.destroyFirst(look.machines, key, signal);
  }

  async deleteDisk(key: string, signal: AbortSignal): Promise<Outcome> {
    const { machines, disks, ...look } = await this.look(key, signal);
    if (disks.length > 0) this.refusePublished(look, key);
    const user = machines.find(({ disk }) => disk !== undefined);
    if (user !== undefined) throw busy(`the machine ${key} still has its disk`);
    return this.destroyFirst(disks, key, signal);
  }

  async publish(key: string, want: PublishWanted, signal: AbortSignal): Promise<Outcome> {
    const { revision, after } = want;
    const { publications, ...look } = await this.look(key, signal);
    const name = nameOf(key, checkName(revision));
    const same = publications.filter(({ marks }) => marks['revision'] === revision);
    if (same.length > 0) return this.keepFirst(same, key, signal);
    const [machine] = complete(look.machines);
    if (machine?.power === 'on' || machine?.power === 'stopped') {
      throw busy(`the machine ${key} is not off`);
    }
    if (bootOf(machine) !== after) throw bootedSince(key);
    const source = this.spec.mode === 'artefact' ? complete(look.disks)[0] : machine;
    if (source === undefined) throw missing(`there is nothing to publish under ${key}`);
    if (source.task !== undefined) return { done: false, handle: source.task };
    const marks = marksOf(this.line.options.installId, key, { revision });
    return this.order(key, { op: 'publish', id: source.id, name, marks }, signal);
  }

  /** The publication goes last: as long as it is seen, this verb is called again. */
  async unpublish(key: string, revision: string, signal: AbortSignal): Promise<Outcome> {
    checkName(revision);
    const { machines, disks, publications } = await this.look(key, signal);
    const [same, others] = [true, false].map((wanted) =>
      publications.filter(({ marks }) => (marks['revision'] === revision) === wanted),
    ) as [Thing[], Thing[]];
    const used = same.find(({ inUse }) => inUse === true);
    if (used !== undefined) throw busy(`desktops are made from ${used.name}`);
    if (same.length === 0) return DONE;
    const withIt =
      this.spec.mode === 'artefact' || others.length > 0 ? [] : [...machines, ...disks];
    return this.destroyFirst([...withIt, ...same], key, signal);
  }

  async poll(handle: string, signal: AbortSignal): Promise<Operation> {
    if (!HANDLE.test(handle)) return { state: 'gone' };
    try {
      const path = `/tasks/${handle}`;
      const task = (await this.line.http.ask({ method: 'GET', path, signal })) as TaskSeen;
      if (task.state === 'running') return { state: 'running', percent: task.percent };
      if (task.refusal === undefined) return { state: 'done' };
      const { code, message } = task.refusal;
      return { state: 'failed', failure: failureData(refused(code, message)) };
    } catch (error) {
      if (isFailure(error) && error.code === 'PlatformNotFound') return { state: 'gone' };
      throw error;
    }
  }

  async verify(signal: AbortSignal): Promise<Verification> {
    const { http } = this.line;
    try {
      await http.logIn();
    } catch (error) {
      if (!isFailure(error) || error.code !== 'WrongCredentials') throw error;
      const unknown = {
        ok: false,
        reason: 'NotLoggedIn',
        message: 'Not looked at without a login.',
      };
      const wrong = { ok: false, reason: error.code, message: `Refused: ${error.message}.` };
      return { credentials: wrong, location: unknown };
    }
    await http.ask({ method: 'GET', path: '/things', signal });
    return {
      credentials: { ok: true, reason: 'LoggedIn', message: `Logged in to ${http.url}.` },
      location: { ok: true, reason: 'Listed', message: `The things of ${http.url} can be listed.` },
    };
  }

  async describe(key: string, signal: AbortSignal): Promise<Description> {
    const { machines } = await this.look(key, signal);
    const { url } = this.line.http;
    const there = complete(machines).length > 0 ? 'Machine' : 'No machine';
    return { text: `${there} ${key} on ${url}`, lastLines: [] };
  }

  /** What a verb decides by is also what is seen from then on. */
  private async look(key: string, signal: AbortSignal): Promise<Look> {
    const learn = this.picture.learning(key);
    const look = await lookAt(this.line, key, signal);
    learn(look.listing);
    return look;
  }

  private refusePublished({ publications }: Pick<Look, 'publications'>, key: string): void {
    if (this.spec.mode !== 'artefact' && publications.length > 0) throw published(key);
  }

  /** Two of a key were left by a reply that was lost: the first stays. */
  private async keepFirst(
    [, ...others]: readonly Thing[],
    key: string,
    signal: AbortSignal,
  ): Promise<Outcome> {
    return this.destroyFirst(others, key, signal);
  }

  private async destroyFirst(
    [thing]: readonly Thing[],
    key: string,
    signal: AbortSignal,
  ): Promise<Outcome> {
    if (thing === undefined) return DONE;
    return this.order(key, { op: 'destroy', id: thing.id }, signal);
  }

  private async order(key: string, order: Order, signal: AbortSignal): Promise<Outcome> {
    this.picture.touched(key);
    try {
      const call = { method: 'POST', path: '/tasks', json: order, signal } as const;
      const { id } = (await this.line.http.ask(call)) as { id: string };
      return { done: false, handle: id };
    } finally {
      this.picture.touched(key);
    }
  }
}

/** The connector of one configuration. */
export function remoteConnector(line: Line, picture: Picture, spec: RemoteSpec): Connector {
  const verbs = new Verbs(line, picture, spec);
  const { mode = 'machine' } = spec;
  return {
    platform: 'remote',
    can: {
      published: mode,
      runsScripts: mode === 'machine',
      heartbeat: false,
      proven: 'simulated only',
    },
    createMachine: (key, want, signal) => verbs.createMachine(key, want, signal),
    power: (key, want, signal) => verbs.power(key, want, signal),
    deleteMachine: (key, signal) => verbs.deleteMachine(key, signal),
    deleteDisk: (key, signal) => verbs.deleteDisk(key, signal),
    publish: (key, want, signal) => verbs.publish(key, want, signal),
    unpublish: (key, revision, signal) => verbs.unpublish(key, revision, signal),
    poll: (handle, signal) => verbs.poll(handle, signal),
    verify: (signal) => verbs.verify(signal),
    view: (key) => Promise.resolve(picture.view(key)),
    keys: () => Promise.resolve(picture.keys()),
    describe: (key, signal) => verbs.describe(key, signal),
    touched: (key) => picture.touched(key),
    watch: (changed) => picture.watch(changed),
  };
}
