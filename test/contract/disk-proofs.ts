import { stat } from 'node:fs/promises';
import type { RuleName } from '../../src/connectors/contract/rules.ts';
import type { HandedOut } from '../../src/connectors/connector.ts';
import { Failure } from '../../src/core/failure.ts';
import { BOOT_COUNT_OFFSET } from '../support/boot-sector.ts';
import { readDisk } from '../support/read-disk.ts';
import { expect } from '../support/runner.ts';
import {
  as,
  bootCount,
  create,
  crashEverywhere,
  failureOf,
  finish,
  KEY,
  machine,
  otherComposition,
  powerOff,
  powerOn,
  publish,
  removeAll,
  REVISION,
  shutDown,
  start,
  things,
  upload,
  watched,
  type Stage,
} from './stage.ts';

const conflict = { consequence: 'Conflict' };
const busy = { consequence: 'Busy' };

async function expectOneDisk(stage: Stage, composition: string): Promise<void> {
  stage.connector.touched(KEY);
  expect((await things(stage)).disks).toMatchObject([{ state: 'ready', composition }]);
}

/** Holds one upload at its n-th call to the outside while another one runs; false if it has none. */
async function takeOver(stage: Stage, held: number): Promise<boolean> {
  const { platform } = stage;
  const gate = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let calls = 0;
  const zombie = await platform.open({
    point: async () => {
      calls += 1;
      if (calls !== held) return;
      reached.resolve();
      await gate.promise;
    },
  });
  try {
    const first = failureOf(upload(as(stage, zombie)));
    await Promise.race([reached.promise, first]);
    if (calls < held) return false;
    stage.connector.touched(KEY);
    const wasReady = (await things(stage)).disks.some(({ state }) => state === 'ready');
    await upload(stage, KEY, otherComposition(stage));
    gate.resolve();
    const ended = await first;
    if (wasReady) expect(ended).toBeUndefined();
    else expect(ended).toMatchObject({ ...conflict, code: 'Superseded' });
    await expectOneDisk(stage, otherComposition(stage).composition);
    return true;
  } finally {
    gate.resolve();
    await zombie.session.close();
  }
}

/** Publishes after a boot that is not the last one; the look at a held disk finds what that one left. */
async function publishUnjudged(stage: Stage, after: string | undefined): Promise<void> {
  const { connector, transfer, signal } = stage;
  if (connector.can.published !== 'file') {
    return finish(stage, () => connector.publish(KEY, { revision: REVISION, after }, signal));
  }
  const check = async ({ disk }: HandedOut): Promise<void> => {
    expect((await readDisk(disk, BOOT_COUNT_OFFSET, 2)).readUInt16LE(0)).toBe(2);
    throw new Failure({ consequence: 'Conflict', code: 'Superseded', message: 'it was booted' });
  };
  await transfer.copy(KEY, REVISION, { ...watched(stage), check });
}

/** Proofs of the rules for disks and publications. */
export const DISK_PROOFS = {
  'upload-twice': async (stage) => {
    await start(stage);
    await shutDown(stage);
    await upload(stage);
    expect(await bootCount(stage)).toBe(1);
  },
  'other-composition': async (stage) => {
    await upload(stage);
    const other = otherComposition(stage);
    await upload(stage, KEY, other);
    await expectOneDisk(stage, other.composition);
    await upload(stage);
    await start(stage);
    await powerOff(stage);
    await expect(upload(stage, KEY, other)).rejects.toMatchObject(conflict);
    await expectOneDisk(stage, stage.platform.source.composition);
    expect(await machine(stage)).toBeDefined();
  },
  'upload-killed-anywhere': async (stage) => {
    const again = async (): Promise<void> => {
      await upload(stage);
      await expectOneDisk(stage, stage.platform.source.composition);
      await start(stage);
      await shutDown(stage);
      expect(await bootCount(stage)).toBe(1);
      await removeAll(stage);
      expect(await stage.platform.leftovers()).toEqual([]);
    };
    await crashEverywhere(stage, upload, again);
  },
  'upload-taken-over': async (stage) => {
    let held = 1;
    while (await takeOver(stage, held)) {
      await start(stage);
      await removeAll(stage);
      expect(await stage.platform.leftovers()).toEqual([]);
      held += 1;
    }
    expect(held).toBeGreaterThan(1);
  },
  'work-is-kept': async (stage) => {
    await start(stage);
    await shutDown(stage);
    await powerOn(stage);
    await shutDown(stage);
    expect(await bootCount(stage)).toBe(2);
  },
  'disk-while-off': async (stage) => {
    const { connector, signal } = stage;
    await start(stage);
    await expect(bootCount(stage)).rejects.toMatchObject(busy);
    if (connector.can.published === 'file') {
      await expect(publish(stage)).rejects.toMatchObject(busy);
    }
    const removed = finish(stage, () => connector.deleteDisk(KEY, signal));
    await expect(removed).rejects.toMatchObject(busy);
    await shutDown(stage);
    const ofMachine = finish(stage, () => connector.deleteDisk(KEY, signal));
    await expect(ofMachine).rejects.toMatchObject(busy);
    expect(await bootCount(stage)).toBe(1);
  },
  'download-holds-off': async (stage) => {
    const { transfer, folder } = stage;
    await create(stage);
    const held = await transfer.download({ of: 'machine', key: KEY }, folder, watched(stage));
    try {
      await expect(powerOn(stage)).rejects.toMatchObject(busy);
      expect((await machine(stage))?.power).toBe('off');
    } finally {
      await held[Symbol.asyncDispose]();
    }
    await powerOn(stage);
    expect((await machine(stage))?.power).toBe('on');
  },
  'publish-twice': async (stage) => {
    const { connector, signal } = stage;
    await start(stage);
    await shutDown(stage);
    await publish(stage);
    const { publications } = await things(stage);
    expect(publications).toMatchObject([{ revision: REVISION }]);
    await publish(stage);
    expect((await things(stage)).publications).toEqual(publications);
    await publish(stage, 'two');
    const both = (await things(stage)).publications.map(({ revision }) => revision);
    expect(both.sort()).toEqual([REVISION, 'two']);
    await finish(stage, () => connector.unpublish(KEY, 'two', signal));
    expect((await things(stage)).publications).toEqual(publications);
  },
  'publish-what-was-judged': async (stage) => {
    await start(stage);
    await shutDown(stage);
    const judged = (await machine(stage))?.boot;
    await powerOn(stage);
    await shutDown(stage);
    await expect(publishUnjudged(stage, judged)).rejects.toMatchObject(conflict);
    stage.connector.touched(KEY);
    expect((await things(stage)).publications).toEqual([]);
    await publish(stage);
    expect(await bootCount(stage, REVISION)).toBe(2);
    // What is there was judged when it was made.
    await publishUnjudged(stage, judged);
  },
  'published-outlives-everything': async (stage) => {
    const { connector, platform, signal } = stage;
    await start(stage);
    await shutDown(stage);
    await publish(stage);
    const [publication] = (await things(stage)).publications;
    if (publication?.path !== undefined) {
      expect((await stat(publication.path)).mode & 0o222).toBe(0);
    }
    const refused = [
      await failureOf(finish(stage, () => connector.deleteMachine(KEY, signal))),
      await failureOf(finish(stage, () => connector.deleteDisk(KEY, signal))),
    ].map((failure) => failure?.consequence);
    // Where the machine is the publication, it stays with its disk; elsewhere both may go.
    const isKept = connector.can.published === 'machine';
    expect(refused).toEqual(isKept ? ['Conflict', 'Conflict'] : [undefined, undefined]);
    await platform.removeSource();
    expect((await things(stage)).publications).toEqual([publication]);
    expect(await connector.keys()).toContain(KEY);
    expect(await bootCount(stage, REVISION)).toBe(1);
    await removeAll(stage);
    await expect(bootCount(stage, REVISION)).rejects.toMatchObject({ consequence: 'Lost' });
    expect(await platform.leftovers()).toEqual([]);
  },
} satisfies Partial<Record<RuleName, (stage: Stage) => Promise<void>>>;
