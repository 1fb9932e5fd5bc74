import type { RuleName } from '../../src/connectors/contract/rules.ts';
import { expect } from '../support/runner.ts';
import { until } from '../support/until.ts';
import {
  as,
  bootCount,
  create,
  crashEverywhere,
  failureOf,
  finish,
  KEY,
  keys,
  machine,
  powerOff,
  powerOn,
  publish,
  removeAll,
  REVISION,
  shutDown,
  start,
  things,
  upload,
  WANT,
  watched,
  wholeLife,
  type Stage,
} from './stage.ts';

/** Proofs of the rules for machines and their control verbs. */
export const MACHINE_PROOFS = {
  'disk-before-machine': async (stage) => {
    const { connector, signal } = stage;
    const created = finish(stage, () => connector.createMachine(KEY, WANT, signal));
    await expect(created).rejects.toMatchObject({ consequence: 'Transient' });
    await upload(stage);
    expect(await machine(stage)).toBeUndefined();
    await create(stage);
    expect((await machine(stage))?.power).toBe('off');
    expect((await machine(stage))?.boot).toBeUndefined();
  },
  'create-twice': async (stage) => {
    await start(stage);
    const before = await machine(stage);
    await create(stage);
    expect(await machine(stage)).toEqual(before);
  },
  'power-twice': async (stage) => {
    await create(stage);
    const shutdown = () => stage.connector.power(KEY, { to: 'shutdown' }, stage.signal);
    await powerOff(stage);
    await finish(stage, shutdown);
    await powerOn(stage);
    await powerOn(stage);
    expect((await machine(stage))?.power).toBe('on');
    await powerOff(stage);
    await powerOff(stage);
    expect((await machine(stage))?.power).toBe('off');
  },
  'power-on-only-after': async (stage) => {
    const { connector, signal } = stage;
    const onAfter = (after: string | undefined): Promise<void> =>
      finish(stage, () => connector.power(KEY, { to: 'on', after }, signal));
    await create(stage);
    await onAfter('of-another-life');
    expect(await machine(stage)).toMatchObject({ power: 'off' });
    await onAfter(undefined);
    const first = await machine(stage);
    expect(first).toMatchObject({ power: 'on', boot: expect.any(String) });
    await shutDown(stage);
    await onAfter(undefined);
    expect(await machine(stage)).toMatchObject({ power: 'off', boot: first?.boot });
    await onAfter(first?.boot);
    const second = await machine(stage);
    expect(second?.power).toBe('on');
    await stage.platform.crashMachine(KEY);
    await until('the crash is seen', async () => (await machine(stage))?.power === 'off');
    expect((await machine(stage))?.boot).toBe(second?.boot);
    // Only where boots can be told apart.
    if (second?.boot !== first?.boot) {
      await onAfter(first?.boot);
      expect(await machine(stage)).toMatchObject({ power: 'off', boot: second?.boot });
    }
    await onAfter(second?.boot);
    await shutDown(stage);
    expect(await bootCount(stage)).toBeGreaterThanOrEqual(2);
  },
  'ask-to-shut-down': async (stage) => {
    await start(stage);
    await shutDown(stage);
    expect((await machine(stage))?.power).toBe('off');
  },
  'delete-missing': async (stage) => {
    await removeAll(stage);
    await create(stage);
    await removeAll(stage);
    await removeAll(stage);
  },
  'delete-running': async (stage) => {
    await start(stage);
    await finish(stage, () => stage.connector.deleteMachine(KEY, stage.signal));
    const { machines, disks } = await things(stage);
    expect(machines).toEqual([]);
    expect(disks).toMatchObject([{ state: 'ready' }]);
    expect(await bootCount(stage)).toBeLessThanOrEqual(1);
  },
  'nothing-left': async (stage) => {
    await start(stage);
    await powerOff(stage);
    await publish(stage);
    const { machines, disks, publications } = await things(stage);
    expect(machines.length).toBe(1);
    expect(disks.length).toBe(1);
    expect(publications.length).toBe(1);
    expect(await keys(stage)).toEqual([KEY]);
    await removeAll(stage);
    expect(await things(stage)).toEqual({ machines: [], disks: [], publications: [], copies: [] });
    expect(await keys(stage)).toEqual([]);
    expect(await stage.platform.leftovers()).toEqual([]);
  },
  'crashed-is-off': async (stage) => {
    await start(stage);
    await stage.platform.crashMachine(KEY);
    await until('the crash is seen', async () => (await machine(stage))?.power === 'off');
    await powerOn(stage);
    await shutDown(stage);
  },
  'one-key-one-machine': async (stage) => {
    const uploads = await Promise.all([1, 2, 3].map(() => failureOf(upload(stage))));
    for (const failure of uploads) {
      // Whoever was overtaken is told, and finds the disk when it comes again.
      expect(['Conflict', 'Busy']).toContain(failure?.consequence ?? 'Busy');
    }
    await Promise.all([create(stage), create(stage)]);
    await Promise.all([1, 2, 3].map(() => powerOn(stage)));
    const { machines, disks } = await things(stage);
    expect(machines).toMatchObject([{ power: 'on' }]);
    expect(disks.length).toBe(1);
    await shutDown(stage);
    expect(await bootCount(stage)).toBe(1);
  },
  'crash-anywhere': async (stage) => {
    await crashEverywhere(stage, wholeLife, async () => {
      stage.connector.touched(KEY);
      await wholeLife(stage);
      const { machines, publications } = await things(stage);
      expect(machines).toMatchObject([{ power: 'off' }]);
      expect(publications).toMatchObject([{ revision: REVISION }]);
      await removeAll(stage);
      expect(await stage.platform.leftovers()).toEqual([]);
    });
  },
  'aborted-does-nothing': async (stage) => {
    const aborted = { ...stage, signal: AbortSignal.abort() };
    const { connector, transfer, folder } = stage;
    await expect(upload(aborted)).rejects.toThrow();
    expect(await keys(stage)).toEqual([]);
    await create(stage);
    await expect(powerOn(aborted)).rejects.toThrow();
    expect((await machine(stage))?.power).toBe('off');
    await expect(publish(aborted)).rejects.toThrow();
    const read = transfer.download({ of: 'machine', key: KEY }, folder, watched(aborted));
    await expect(read).rejects.toThrow();
    await expect(connector.deleteMachine(KEY, aborted.signal)).rejects.toThrow();
    await expect(connector.deleteDisk(KEY, aborted.signal)).rejects.toThrow();
    await expect(connector.unpublish(KEY, REVISION, aborted.signal)).rejects.toThrow();
    connector.touched(KEY);
    const { machines, disks, publications } = await things(stage);
    expect([machines.length, disks.length, publications.length]).toEqual([1, 1, 0]);
  },
  'hostile-names': async (stage) => {
    const { connector, signal } = stage;
    const impossible = { consequence: 'Impossible' };
    for (const key of ['', '..', '../x', 'a/b', '/etc', 'A', 'a b', 'a\n', '-x', 'x'.repeat(300)]) {
      await expect(upload(stage, key)).rejects.toMatchObject(impossible);
      for (const refused of [
        () => connector.createMachine(key, WANT, signal),
        () => connector.power(key, { to: 'on', after: undefined }, signal),
        () => connector.power(key, { to: 'off' }, signal),
        () => connector.deleteMachine(key, signal),
        () => connector.deleteDisk(key, signal),
        () => connector.unpublish(key, REVISION, signal),
        () => connector.unpublish(KEY, key, signal),
      ]) {
        await expect(refused()).rejects.toMatchObject(impossible);
      }
      const read = stage.transfer.download({ of: 'machine', key }, stage.folder, watched(stage));
      await expect(read).rejects.toMatchObject(impossible);
    }
    expect(await stage.platform.leftovers()).toEqual([]);
  },
  'handles-that-die': async ({ connector, signal }) => {
    for (const handle of ['', 'nonsense', '{"task": "OpaqueRef:NULL"}', 'x'.repeat(5_000)]) {
      expect(await connector.poll(handle, signal)).toEqual({ state: 'gone' });
    }
  },
  'adopt-running': async (stage) => {
    await start(stage);
    const before = await machine(stage);
    await stage.session.close();
    const next = as(stage, await stage.platform.open());
    try {
      const seen: string[] = [];
      next.connector.watch((key) => seen.push(key));
      expect(await machine(next)).toEqual(before);
      await shutDown(next);
      await until('the change is told', () => Promise.resolve(seen.includes(KEY)));
    } finally {
      await next.session.close();
    }
  },
  'closing-touches-nothing': async (stage) => {
    await start(stage);
    const before = await machine(stage);
    for (let round = 0; round < 3; round += 1) {
      const passing = await stage.platform.open();
      passing.session.connector(stage.platform.spec);
      await passing.session.close();
    }
    stage.session.connector(stage.platform.spec);
    await stage.session.close();
    const next = as(stage, await stage.platform.open());
    try {
      expect(await machine(next)).toEqual(before);
      await shutDown(next);
      expect(await bootCount(next)).toBe(1);
    } finally {
      await next.session.close();
    }
  },
  'two-configurations': async (stage) => {
    const beside = { ...stage, connector: stage.session.connector(stage.platform.spec) };
    const apart = as(stage, await stage.platform.open());
    const all = [stage, beside, apart];
    const agree = async (power: 'on' | 'off'): Promise<void> => {
      for (const one of all) one.connector.touched(KEY);
      for (const one of all) {
        await until('the power is seen', async () => (await machine(one))?.power === power);
        expect(await keys(one)).toEqual([KEY]);
      }
      const [first, ...others] = await Promise.all(all.map((one) => things(one)));
      for (const other of others) expect(other).toEqual(first);
    };
    try {
      await create(stage);
      await agree('off');
      // Whoever comes second finds it on, or is told that somebody is at it.
      const ended = await Promise.all(all.map((one) => failureOf(powerOn(one))));
      for (const failure of ended) expect(failure?.consequence ?? 'Busy').toBe('Busy');
      await agree('on');
      await shutDown(apart);
      await agree('off');
      await powerOn(beside);
      await agree('on');
      await powerOff(apart);
      await agree('off');
    } finally {
      await apart.session.close();
    }
    await powerOn(stage);
    await shutDown(stage);
    expect(await bootCount(stage)).toBeGreaterThanOrEqual(2);
  },
} satisfies Partial<Record<RuleName, (stage: Stage) => Promise<void>>>;
