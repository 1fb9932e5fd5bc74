import { inspect } from 'node:util';
import type { Things } from '../../src/connectors/connector.ts';
import { failureData, isFailure } from '../../src/core/failure.ts';
import { expect } from '../support/runner.ts';
import { until } from '../support/until.ts';
import { createMachine, ended, handleOf, recorded, type FaultStage } from './fault-stage.ts';
import type { FaultRule } from './faults.ts';
import {
  as,
  create,
  failureOf,
  finish,
  KEY,
  keys,
  machine,
  powerOn,
  removeAll,
  shutDown,
  start,
  things,
  upload,
  WANT,
  wholeLife,
} from './stage.ts';

/** What is said at every instant while the work goes on; unknown is not said. */
async function saidDuring(stage: FaultStage, work: Promise<void>): Promise<readonly Things[]> {
  const said: Things[] = [];
  const over = new AbortController();
  const end = (): void => over.abort();
  work.then(end, end);
  while (!over.signal.aborted) {
    const seen = await stage.connector.view(KEY);
    if (seen.known) said.push(seen.things);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await work;
  return said;
}

/** What stays so for some lists: nothing that comes late takes it back. */
async function staysOne(stage: FaultStage): Promise<void> {
  const wait = new Promise<void>((resolve) => setTimeout(resolve, 600));
  const said = await saidDuring(stage, wait);
  expect(said.length).toBeGreaterThan(0);
  for (const { machines } of said) expect(machines).toMatchObject([{ power: 'on', boot: '1' }]);
}

/** Proofs of the rules for lists and sessions that fail. */
export const SIGHT_FAULT_PROOFS = {
  'lagging-list': async (stage) => {
    const { faults } = stage.platform;
    // Lists of the time before anything was there.
    await things(stage);
    faults.lagLists = 6;
    await start(stage);
    expect(await machine(stage)).toMatchObject({ power: 'on', boot: '1' });
    await staysOne(stage);
    expect(await keys(stage)).toEqual([KEY]);
  },
  'dropping-list': async (stage) => {
    stage.platform.faults.dropFromLists = KEY;
    await start(stage);
    expect(await machine(stage)).toMatchObject({ power: 'on', boot: '1' });
    await staysOne(stage);
    expect(await keys(stage)).toEqual([KEY]);
  },
  'failing-list': async (stage) => {
    const { platform, connector, signal } = stage;
    await create(stage);
    expect(await machine(stage)).toBeDefined();
    platform.faults.failLists = true;
    await until('it is unknown', async () => !(await connector.view(KEY)).known);
    expect(await connector.view(KEY)).toMatchObject({ why: expect.stringMatching(/list/) });
    expect(await connector.keys()).toBeUndefined();
    // Verbs look for themselves.
    await finish(stage, () => connector.power(KEY, { to: 'on', after: undefined }, signal));
    expect((await connector.view(KEY)).known).toBe(false);
    const told: string[] = [];
    const stop = connector.watch((key) => told.push(key));
    await connector.view('lamina-that-is-absent');
    platform.faults.failLists = false;
    await until('both are told', async () => {
      return told.includes(KEY) && told.includes('lamina-that-is-absent');
    });
    stop();
    expect(await machine(stage)).toMatchObject({ power: 'on' });
  },
  'vanishes-for-real': async (stage) => {
    await create(stage);
    expect(await machine(stage)).toBeDefined();
    const stranger = as(stage, await stage.platform.open());
    try {
      await removeAll(stranger);
    } finally {
      await stranger.session.close();
    }
    await until('it is seen as gone', async () => {
      const { machines, disks } = await things(stage);
      return machines.length + disks.length === 0;
    });
    expect(await keys(stage)).toEqual([]);
  },
  'session-expired': async (stage) => {
    await upload(stage);
    stage.platform.dropSessions();
    await finish(stage, () => createMachine(stage));
    stage.platform.dropSessions();
    await powerOn(stage);
    expect(await machine(stage)).toMatchObject({ power: 'on' });
    stage.platform.dropSessions();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await stage.connector.view(KEY)).known).toBe(true);
    expect(stage.platform.said).toEqual([]);
  },
  'wrong-credential': async (stage) => {
    const { platform } = stage;
    const wrong = as(stage, await platform.openWrongly());
    const denied = { consequence: 'Denied', hint: expect.any(String) };
    try {
      const { connector, signal } = wrong;
      const verification = await connector.verify(signal);
      expect(verification.credentials).toMatchObject({ ok: false, reason: 'WrongCredentials' });
      expect(verification.location.ok).toBe(false);
      expect(await failureOf(upload(wrong))).toMatchObject(denied);
      const removed = connector.deleteMachine(KEY, signal).then(() => undefined);
      expect(await failureOf(removed)).toMatchObject(denied);
      expect((await connector.view(KEY)).known).toBe(false);
      expect(await connector.keys()).toBeUndefined();
    } finally {
      await wrong.session.close();
    }
  },
  'two-credentials': async (stage) => {
    const other = as(stage, await stage.platform.openAsAnother());
    try {
      await start(stage);
      other.connector.touched(KEY);
      expect(await things(other)).toEqual(await things(stage));
      await shutDown(other);
      stage.connector.touched(KEY);
      expect((await machine(stage))?.power).toBe('off');
      stage.platform.faults.taskMs = 300;
      const outcome = other.connector.power(KEY, { to: 'on', after: '1' }, stage.signal);
      await ended(stage, handleOf(await outcome));
      await until('both see it on', async () => {
        const powers = [(await machine(stage))?.power, (await machine(other))?.power];
        return powers.every((power) => power === 'on');
      });
    } finally {
      await other.session.close();
    }
  },
  'tells-no-secret': async (stage) => {
    const { platform, connector } = stage;
    const told: string[] = [];
    const handles: string[] = [];
    const open = { ...stage, connector: recorded(connector, handles) };
    const tell = (error: unknown): void => {
      told.push(inspect(error, { depth: 10, showHidden: true }));
      told.push(JSON.stringify(isFailure(error) ? failureData(error) : String(error)));
    };
    const broken = [
      { loseReplies: 3 },
      { failLists: true },
      { cutUploadAfter: 1 },
      { diskFull: true },
    ];
    for (const faults of broken) {
      Object.assign(platform.faults, faults);
      await upload(open).catch(tell);
      await finish(open, () => open.connector.createMachine(KEY, WANT, open.signal)).catch(tell);
      Object.assign(platform.faults, {
        loseReplies: 0,
        cutUploadAfter: undefined,
        diskFull: false,
      });
      platform.faults.failLists = false;
    }
    const wrong = as(stage, await platform.openWrongly());
    await upload(wrong).catch(tell);
    told.push(JSON.stringify(await wrong.connector.verify(wrong.signal)));
    await wrong.session.close();
    await wholeLife(open);
    expect(handles.length).toBeGreaterThan(3);
    expect(told.length).toBeGreaterThan(5);
    told.push(JSON.stringify(await things(stage)), ...handles, ...platform.said);
    told.push((await connector.describe(KEY, stage.signal)).text);
    for (const secret of [...platform.secrets, 'Fehlgriff', 'Bearer']) {
      expect(told.join('\n')).not.toContain(secret);
    }
  },
} satisfies Partial<Record<FaultRule, (stage: FaultStage) => Promise<void>>>;
