import type { Outcome } from '../../src/connectors/connector.ts';
import { expect } from '../support/runner.ts';
import { until } from '../support/until.ts';
import {
  createMachine,
  ended,
  handleOf,
  nothingLeft,
  retried,
  type FaultStage,
} from './fault-stage.ts';
import type { FaultRule } from './faults.ts';
import {
  bootCount,
  create,
  failureOf,
  finish,
  KEY,
  keys,
  machine,
  powerOff,
  powerOn,
  publish,
  REVISION,
  shutDown,
  start,
  things,
  upload,
  watched,
  wholeLife,
} from './stage.ts';

/** One machine, one disk and one publication, also of what is not seen. */
async function oneOfEach(stage: FaultStage): Promise<void> {
  expect((await stage.platform.leftovers()).length).toBe(3);
  stage.connector.touched(KEY);
  const { machines, disks, publications } = await things(stage);
  expect([machines.length, disks.length, publications.length]).toEqual([1, 1, 1]);
}

/** Proofs of the rules for operations and transfers that fail. */
export const CHANGE_FAULT_PROOFS = {
  'operations-take-time': async (stage) => {
    const { platform, connector, signal } = stage;
    await create(stage);
    platform.faults.holdTasks = true;
    const on = (): Promise<Outcome> => connector.power(KEY, { to: 'on', after: undefined }, signal);
    const handle = handleOf(await on());
    expect(handleOf(await on())).toBe(handle);
    const first = await connector.poll(handle, signal);
    expect(first).toMatchObject({ state: 'running' });
    expect((await machine(stage))?.power).toBe('off');
    platform.faults.holdTasks = false;
    await ended(stage, handle);
    expect(await connector.poll(handle, signal)).toEqual({ state: 'done' });
    expect(await on()).toEqual({ done: true });
    expect(await machine(stage)).toMatchObject({ power: 'on', boot: '1' });
  },
  'half-machine-is-none': async (stage) => {
    const { connector, signal } = stage;
    await upload(stage);
    await ended(stage, handleOf(await createMachine(stage)));
    connector.touched(KEY);
    expect((await things(stage)).machines).toEqual([]);
    const on = failureOf(
      finish(stage, () => connector.power(KEY, { to: 'on', after: undefined }, signal)),
    );
    expect(await on).toMatchObject({ consequence: 'Lost' });
    await finish(stage, () => connector.deleteDisk(KEY, signal));
    connector.touched(KEY);
    expect(await keys(stage)).toEqual([KEY]);
    await nothingLeft(stage);
  },
  'vanished-operations': async (stage) => {
    const { faults } = stage.platform;
    faults.vanishTasks = true;
    for (const taskMs of [0, 100]) {
      faults.taskMs = taskMs;
      await retried(() => wholeLife(stage));
      // What was begun twice ends, and the next call of the verb puts it right.
      await stage.platform.leftovers();
      await retried(() => create(stage));
      await retried(() => publish(stage));
      await oneOfEach(stage);
      await nothingLeft(stage);
    }
  },
  'lost-replies': async (stage) => {
    const { platform, connector } = stage;
    for (let lost = 1; lost <= 4; lost += 1) {
      platform.faults.taskMs = lost * 20;
      platform.faults.loseReplies = lost;
      await retried(() => create(stage));
      platform.faults.loseReplies = lost;
      await retried(() => powerOn(stage));
      platform.faults.loseReplies = lost;
      await retried(() => powerOff(stage));
      platform.faults.loseReplies = lost;
      await retried(() => publish(stage));
      platform.faults.loseReplies = 0;
      // What was begun twice ends, and the next call of the verb puts it right.
      await platform.leftovers();
      connector.touched(KEY);
      await retried(() => create(stage));
      await retried(() => publish(stage));
      await oneOfEach(stage);
      expect((await machine(stage))?.boot).toBe('1');
      await nothingLeft(stage);
    }
  },
  'two-of-one-key': async (stage) => {
    const { platform, connector } = stage;
    await upload(stage);
    platform.faults.holdTasks = true;
    platform.faults.loseReplies = 2;
    for (let calls = 0; calls < 2; calls += 1) {
      const failure = failureOf(createMachine(stage).then(() => undefined));
      expect(await failure).toMatchObject({ consequence: 'Lost' });
    }
    platform.faults.holdTasks = false;
    expect((await platform.leftovers()).filter((name) => name.startsWith('machine'))).toEqual([
      `machine ${KEY}`,
      `machine ${KEY}`,
    ]);
    await finish(stage, () => createMachine(stage));
    expect((await platform.leftovers()).length).toBe(2);
    await powerOn(stage);
    connector.touched(KEY);
    expect((await things(stage)).machines).toMatchObject([{ power: 'on', boot: '1' }]);
    await shutDown(stage);
    expect(await bootCount(stage)).toBe(1);
    await nothingLeft(stage);
  },
  'upload-cut': async (stage) => {
    const { platform, connector } = stage;
    for (const bytes of [0, 1, 2_000]) {
      platform.faults.cutUploadAfter = bytes;
      expect(await failureOf(upload(stage))).toMatchObject({ consequence: 'Lost' });
      connector.touched(KEY);
      expect((await things(stage)).disks).toMatchObject([{ state: 'filling' }]);
      const early = await failureOf(finish(stage, () => createMachine(stage)));
      expect(early).toMatchObject({ consequence: 'Transient' });
    }
    platform.faults.cutUploadAfter = undefined;
    await start(stage);
    await shutDown(stage);
    expect(await bootCount(stage)).toBe(1);
    await nothingLeft(stage);
  },
  'disk-full': async (stage) => {
    stage.platform.faults.diskFull = true;
    expect(await failureOf(upload(stage))).toMatchObject({ consequence: 'Denied' });
    stage.connector.touched(KEY);
    expect((await things(stage)).disks).toMatchObject([{ state: 'filling' }]);
    stage.platform.faults.diskFull = false;
    await upload(stage);
    expect((await things(stage)).disks).toMatchObject([{ state: 'ready' }]);
    await nothingLeft(stage);
  },
  'reader-dies': async (stage) => {
    await create(stage);
    let dead = false;
    const reader = await stage.platform.open({
      point: () => {
        if (dead) throw new Error('the reader is dead');
      },
    });
    try {
      const { transfer } = reader;
      const disk = { of: 'machine', key: KEY } as const;
      await using held = await transfer.download(disk, stage.folder, watched(stage));
      dead = true;
      expect(held.roots).toEqual([stage.folder]);
      expect(await failureOf(powerOn(stage))).toMatchObject({ consequence: 'Busy' });
      await until('it can be switched on', async () => {
        return (await failureOf(powerOn(stage))) === undefined;
      });
    } finally {
      await reader.session.close();
    }
    await powerOff(stage);
    await nothingLeft(stage);
  },
  'reader-lives': async (stage) => {
    const { transfer, folder, platform } = stage;
    await create(stage);
    const held = await transfer.download({ of: 'machine', key: KEY }, folder, watched(stage));
    try {
      await new Promise((resolve) => setTimeout(resolve, 2 * platform.leaseMs));
      expect(await failureOf(powerOn(stage))).toMatchObject({ consequence: 'Busy' });
    } finally {
      await held[Symbol.asyncDispose]();
    }
    await powerOn(stage);
    await nothingLeft(stage);
  },
  'in-use-stays': async (stage) => {
    const { platform, connector, signal } = stage;
    await wholeLife(stage);
    await platform.setInUse(true);
    const unpublish = (): Promise<void> =>
      finish(stage, () => connector.unpublish(KEY, REVISION, signal));
    expect(await failureOf(unpublish())).toMatchObject({ consequence: 'Busy' });
    await oneOfEach(stage);
    expect((await things(stage)).publications).toMatchObject([{ inUse: true }]);
    await platform.setInUse(false);
    await unpublish();
    await nothingLeft(stage);
  },
  'published-machine-stays': async (stage) => {
    const { platform, connector, signal } = stage;
    if (connector.can.published !== 'machine') return;
    await start(stage);
    await shutDown(stage);
    await publish(stage);
    for (const verb of [
      () => connector.deleteMachine(KEY, signal),
      () => connector.deleteDisk(KEY, signal),
    ]) {
      expect(await failureOf(finish(stage, verb))).toMatchObject({ consequence: 'Conflict' });
    }
    await platform.removeSource();
    await oneOfEach(stage);
    expect(await bootCount(stage, REVISION)).toBe(1);
    // Killed after each step: as long as it is seen, the verb is called again.
    for (;;) {
      const outcome = await connector.unpublish(KEY, REVISION, signal);
      if (outcome.done) break;
      expect((await things(stage)).publications.length).toBe(1);
      await ended(stage, outcome.handle);
      connector.touched(KEY);
    }
    expect(await platform.leftovers()).toEqual([]);
  },
} satisfies Partial<Record<FaultRule, (stage: FaultStage) => Promise<void>>>;
