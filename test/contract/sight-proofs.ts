import type { Connector } from '../../src/connectors/connector.ts';
import type { RuleName } from '../../src/connectors/contract/rules.ts';
import { expect } from '../support/runner.ts';
import { until } from '../support/until.ts';
import {
  as,
  bootCount,
  create,
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
  type Stage,
} from './stage.ts';

const conflict = { consequence: 'Conflict' };
const NOTHING = { machines: [], disks: [], publications: [], copies: [] };

async function expectNothingSeen(other: Stage): Promise<void> {
  expect(await things(other)).toEqual(NOTHING);
  expect(await keys(other)).toEqual([]);
}

async function expectAllRefused(other: Stage): Promise<void> {
  const { connector, signal } = other;
  await expect(upload(other)).rejects.toMatchObject(conflict);
  for (const refused of [
    () => connector.createMachine(KEY, WANT, signal),
    () => connector.power(KEY, { to: 'on', after: undefined }, signal),
    () => connector.power(KEY, { to: 'off' }, signal),
    () => connector.power(KEY, { to: 'shutdown' }, signal),
    () => connector.deleteMachine(KEY, signal),
    () => connector.deleteDisk(KEY, signal),
    () => connector.unpublish(KEY, REVISION, signal),
  ]) {
    await expect(finish(other, refused)).rejects.toMatchObject(conflict);
  }
  await expect(publish(other)).rejects.toMatchObject(conflict);
}

/** Proofs of the rules for what is seen. */
export const SIGHT_PROOFS = {
  'missing-is-empty': async (stage) => {
    const { transfer, folder } = stage;
    expect(await things(stage)).toEqual(NOTHING);
    expect(await keys(stage)).toEqual([]);
    for (const disk of [
      { of: 'machine', key: KEY },
      { of: 'published', key: KEY, revision: REVISION },
    ] as const) {
      const read = transfer.download(disk, folder, watched(stage));
      await expect(read).rejects.toMatchObject({ consequence: 'Lost' });
    }
  },
  'foreign-is-conflict': async (stage) => {
    const { platform, signal } = stage;
    await start(stage);
    const other = as(stage, await platform.open({ installId: 'another' }));
    try {
      await expectNothingSeen(other);
      await expectAllRefused(other);
      const theirs = 'lamina-of-another';
      await upload(other, theirs);
      expect(await keys(other)).toEqual([theirs]);
      stage.connector.touched(theirs);
      expect(await keys(stage)).toEqual([KEY]);
      await finish(other, () => other.connector.deleteDisk(theirs, signal));
    } finally {
      await other.session.close();
    }
    expect((await machine(stage))?.power).toBe('on');
  },
  'marked-copies-untouched': async (stage) => {
    const { connector, platform } = stage;
    await start(stage);
    await powerOff(stage);
    const copy = await platform.copyByStranger(KEY);
    connector.touched(KEY);
    await until('the copy is reported', async () => {
      return (await things(stage)).copies.includes(copy);
    });
    const { machines, disks, copies } = await things(stage);
    expect([machines.length, disks.length, copies]).toEqual([1, 1, [copy]]);
    expect(await keys(stage)).toEqual([KEY]);
    await powerOn(stage);
    await shutDown(stage);
    await removeAll(stage);
    expect(await platform.leftovers()).not.toEqual([]);
    // What comes next under this key is made beside the copy.
    await start(stage);
    await powerOff(stage);
    expect((await things(stage)).copies).toEqual([copy]);
    expect((await things(stage)).machines.length).toBe(1);
  },
  'view-never-rejects': async (stage) => {
    const { connector, platform } = stage;
    const ask = async (one: Connector): Promise<void> => {
      for (const key of [KEY, '', '..', '/etc/passwd', 'a\0b', 'x'.repeat(5_000), '\u{1f600}']) {
        expect(typeof (await one.view(key)).known).toBe('boolean');
        one.touched(key);
        expect(typeof (await one.view(key)).known).toBe('boolean');
      }
      await one.keys();
    };
    await ask(connector);
    await create(stage);
    await ask(connector);
    const broken = await platform.open({
      point: () => {
        throw new Error('nothing gets through');
      },
    });
    await ask(broken.connector);
    await broken.session.close();
    await ask(broken.connector);
  },
  'unknown-is-not-absent': async (stage) => {
    await start(stage);
    await powerOff(stage);
    await publish(stage);
    let broken = true;
    const blind = await stage.platform.open({
      point: (where) => {
        if (broken) throw new Error(`nothing gets through ${where}`);
      },
    });
    const { connector } = blind;
    try {
      for (let looks = 0; looks < 3; looks += 1) {
        const seen = await connector.view(KEY);
        if (seen.known) {
          const { machines, disks, publications } = seen.things;
          expect([machines.length, disks.length, publications.length]).toEqual([1, 1, 1]);
        } else {
          expect(seen.why).toMatch(/\w{3}/);
        }
        expect((await connector.keys()) ?? [KEY]).toEqual([KEY]);
        connector.touched(KEY);
      }
      broken = false;
      expect((await things(as(stage, blind))).machines.length).toBe(1);
      expect(await keys(as(stage, blind))).toEqual([KEY]);
    } finally {
      await blind.session.close();
    }
  },
  'sees-what-it-did': async (stage) => {
    const { connector, signal } = stage;
    const counts = async (): Promise<readonly number[]> => {
      const { machines, disks, publications } = await things(stage);
      return [machines.length, disks.length, publications.length];
    };
    // Looked at before each verb, so that an older picture would be there to be shown.
    expect(await counts()).toEqual([0, 0, 0]);
    await upload(stage);
    expect(await counts()).toEqual([0, 1, 0]);
    await create(stage);
    expect(await counts()).toEqual([1, 1, 0]);
    await powerOn(stage);
    expect((await machine(stage))?.power).toBe('on');
    await powerOff(stage);
    expect((await machine(stage))?.power).toBe('off');
    await publish(stage);
    expect((await things(stage)).publications.length).toBe(1);
    await finish(stage, () => connector.unpublish(KEY, REVISION, signal));
    expect((await things(stage)).publications.length).toBe(0);
    await finish(stage, () => connector.deleteMachine(KEY, signal));
    expect((await things(stage)).machines.length).toBe(0);
    await finish(stage, () => connector.deleteDisk(KEY, signal));
    expect(await counts()).toEqual([0, 0, 0]);
  },
  'watch-wakes': async (stage) => {
    const { connector, platform } = stage;
    const seen: string[] = [];
    const stop = connector.watch((key) => seen.push(key));
    const told = async (power: 'on' | 'off'): Promise<void> => {
      await until('the change is told', () => Promise.resolve(seen.includes(KEY)));
      await until('the change is seen', async () => (await machine(stage))?.power === power);
      seen.length = 0;
    };
    await create(stage);
    await told('off');
    await powerOn(stage);
    await told('on');
    await shutDown(stage);
    await told('off');
    await powerOn(stage);
    await told('on');
    await platform.crashMachine(KEY);
    await told('off');
    stop();
    await powerOn(stage);
    await shutDown(stage);
    expect(seen).toEqual([]);
    expect(await bootCount(stage)).toBeGreaterThanOrEqual(2);
  },
  'describe-is-short': async (stage) => {
    const { connector, signal } = stage;
    const look = async (): Promise<void> => {
      const { text, lastLines } = await connector.describe(KEY, signal);
      expect(text).toMatch(/^[A-Z].{8}/);
      expect(lastLines.length).toBeLessThanOrEqual(10);
      expect(Buffer.byteLength(lastLines.join('\n'))).toBeLessThanOrEqual(2_048);
      expect(`${text}${lastLines.join('')}`).not.toMatch(/[\p{Cc}\p{Bidi_C}]/u);
    };
    await look();
    await start(stage);
    await look();
    await powerOff(stage);
    await look();
  },
  'verify-explains': async ({ connector, signal }) => {
    const { credentials, location } = await connector.verify(signal);
    for (const check of [credentials, location]) {
      expect(check).toMatchObject({ ok: true, message: expect.stringMatching(/^[A-Z].{10}/) });
      expect(check.reason).toMatch(/^[A-Z][A-Za-z]+$/);
    }
  },
} satisfies Partial<Record<RuleName, (stage: Stage) => Promise<void>>>;
