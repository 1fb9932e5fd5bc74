import { stat } from 'node:fs/promises';
import { RULES, type RuleName } from '../../src/connectors/contract/rules.ts';
import type { Connector, DiskSource } from '../../src/connectors/connector.ts';
import { BOOT_COUNT_OFFSET } from '../support/boot-sector.ts';
import { readDisk } from '../support/read-disk.ts';
import { describe, expect, it } from '../support/runner.ts';
import { until } from '../support/until.ts';

/** How a controller is opened on a platform. */
export interface OpenOptions {
  readonly installId?: string;
  /** Called around every call to the outside; what it throws is a crash of the controller. */
  readonly point?: (where: string) => void;
}

/** A platform to judge, empty at first, with a bootable guest that waits for its power button. */
export interface ContractPlatform {
  open(options?: OpenOptions): Promise<Connector>;
  readonly source: DiskSource;
  /** Removes the source and whatever else is not the platform's own. */
  removeSource(): Promise<void>;
  /** Ends a machine as a power cut of its host would. */
  crashMachine(key: string): Promise<void>;
  /** What is left on the platform that no key explains: files, processes, sockets. */
  leftovers(): Promise<readonly string[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a rule's proof works with. */
interface Stage {
  readonly platform: ContractPlatform;
  readonly connector: Connector;
  readonly signal: AbortSignal;
}

const KEY = 'lamina-osl-demo-1-0badcafe-12345678';
const WANT = { displayName: 'Demo 1', purpose: 'packaging' } as const;

async function put({ connector, platform, signal }: Stage, key = KEY): Promise<void> {
  await connector.putDisk(key, platform.source, signal);
}

async function create(stage: Stage, key = KEY): Promise<void> {
  await put(stage, key);
  await stage.connector.createMachine(key, WANT, stage.signal);
}

async function start(stage: Stage, key = KEY): Promise<void> {
  await create(stage, key);
  await stage.connector.power(key, 'on', stage.signal);
}

async function powerOf({ connector, signal }: Stage): Promise<'on' | 'off' | undefined> {
  return (await connector.findMachine(KEY, signal))?.power;
}

/** Asks again and again: a guest that is still booting does not hear its button. */
async function shutDown(stage: Stage): Promise<void> {
  await until('the machine is off', async () => {
    await stage.connector.power(KEY, 'shutdown', stage.signal);
    return (await powerOf(stage)) === 'off';
  });
}

async function bootCount(stage: Stage): Promise<number> {
  const disk = await stage.connector.getDisk(KEY, stage.signal);
  if (disk === undefined) throw new Error('there is no disk');
  return (await readDisk(disk, BOOT_COUNT_OFFSET, 2)).readUInt16LE(0);
}

async function removeAll({ connector, signal }: Stage): Promise<void> {
  await connector.deleteMachine(KEY, signal);
  await connector.deleteDisk(KEY, signal);
  await connector.deleteSnapshot(KEY, 'one', signal);
}

/** One life of a machine, as controllers live it; every step may be repeated. */
async function wholeLife(stage: Stage): Promise<void> {
  const { connector, signal } = stage;
  await create(stage);
  await connector.power(KEY, 'on', signal);
  await connector.power(KEY, 'off', signal);
  await connector.snapshot(KEY, 'one', signal);
}

const conflict = { consequence: 'Conflict' };

const PROOFS: Record<RuleName, (stage: Stage) => Promise<void>> = {
  'missing-is-undefined': async ({ connector, signal }) => {
    expect(await connector.findMachine(KEY, signal)).toBeUndefined();
    expect(await connector.getDisk(KEY, signal)).toBeUndefined();
    expect(await connector.findSnapshot(KEY, 'one', signal)).toBeUndefined();
    expect(await connector.listOwned(signal)).toEqual([]);
  },
  'put-twice': async (stage) => {
    await start(stage);
    await shutDown(stage);
    await put(stage);
    expect(await bootCount(stage)).toBe(1);
  },
  'disk-before-machine': async (stage) => {
    const { connector, signal } = stage;
    await expect(connector.createMachine(KEY, WANT, signal)).rejects.toMatchObject({
      consequence: 'Transient',
    });
    await put(stage);
    expect(await powerOf(stage)).toBeUndefined();
    await create(stage);
    expect(await powerOf(stage)).toBe('off');
  },
  'create-twice': async (stage) => {
    await start(stage);
    const before = await stage.connector.findMachine(KEY, stage.signal);
    await create(stage);
    expect(await stage.connector.findMachine(KEY, stage.signal)).toEqual(before);
  },
  'power-twice': async (stage) => {
    const { connector, signal } = stage;
    await create(stage);
    await connector.power(KEY, 'off', signal);
    await connector.power(KEY, 'shutdown', signal);
    await connector.power(KEY, 'on', signal);
    await connector.power(KEY, 'on', signal);
    expect(await powerOf(stage)).toBe('on');
    await connector.power(KEY, 'off', signal);
    await connector.power(KEY, 'off', signal);
    expect(await powerOf(stage)).toBe('off');
  },
  'ask-to-shut-down': async (stage) => {
    await start(stage);
    await shutDown(stage);
    expect(await powerOf(stage)).toBe('off');
  },
  'work-is-kept': async (stage) => {
    await start(stage);
    await shutDown(stage);
    await stage.connector.power(KEY, 'on', stage.signal);
    await shutDown(stage);
    expect(await bootCount(stage)).toBe(2);
  },
  'disk-while-off': async (stage) => {
    const { connector, signal } = stage;
    await start(stage);
    const busy = { consequence: 'Busy' };
    await expect(connector.getDisk(KEY, signal)).rejects.toMatchObject(busy);
    await expect(connector.snapshot(KEY, 'one', signal)).rejects.toMatchObject(busy);
    await expect(connector.deleteDisk(KEY, signal)).rejects.toMatchObject(busy);
    await shutDown(stage);
    expect(await bootCount(stage)).toBe(1);
  },
  'delete-missing': async (stage) => {
    await removeAll(stage);
    await create(stage);
    await removeAll(stage);
    await removeAll(stage);
  },
  'delete-running': async (stage) => {
    await start(stage);
    await stage.connector.deleteMachine(KEY, stage.signal);
    expect(await powerOf(stage)).toBeUndefined();
    expect(await stage.connector.getDisk(KEY, stage.signal)).toMatchObject({ key: KEY });
  },
  'nothing-left': async (stage) => {
    await start(stage);
    await stage.connector.power(KEY, 'off', stage.signal);
    await stage.connector.snapshot(KEY, 'one', stage.signal);
    const kinds = (await stage.connector.listOwned(stage.signal)).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(['disk', 'machine', 'snapshot']);
    await removeAll(stage);
    expect(await stage.connector.listOwned(stage.signal)).toEqual([]);
    expect(await stage.platform.leftovers()).toEqual([]);
  },
  'foreign-is-conflict': async (stage) => {
    const { platform, signal } = stage;
    await start(stage);
    const other = await platform.open({ installId: 'another' });
    try {
      expect(await other.findMachine(KEY, signal)).toBeUndefined();
      expect(await other.getDisk(KEY, signal)).toBeUndefined();
      expect(await other.listOwned(signal)).toEqual([]);
      await expect(other.putDisk(KEY, platform.source, signal)).rejects.toMatchObject(conflict);
      await expect(other.createMachine(KEY, WANT, signal)).rejects.toMatchObject(conflict);
      await expect(other.power(KEY, 'on', signal)).rejects.toMatchObject(conflict);
      await expect(other.power(KEY, 'off', signal)).rejects.toMatchObject(conflict);
      await expect(other.power(KEY, 'shutdown', signal)).rejects.toMatchObject(conflict);
      await expect(other.snapshot(KEY, 'one', signal)).rejects.toMatchObject(conflict);
      await expect(other.deleteMachine(KEY, signal)).rejects.toMatchObject(conflict);
      await expect(other.deleteDisk(KEY, signal)).rejects.toMatchObject(conflict);
      await other.putDisk('lamina-of-another', platform.source, signal);
      expect(await other.listOwned(signal)).toEqual([{ kind: 'disk', key: 'lamina-of-another' }]);
      await other.deleteDisk('lamina-of-another', signal);
    } finally {
      await other.close();
    }
    expect(await powerOf(stage)).toBe('on');
  },
  'watch-wakes': async (stage) => {
    const { connector, platform } = stage;
    const seen: string[] = [];
    const stop = connector.watch((key) => seen.push(key));
    const told = async (): Promise<void> => {
      await until('the change is told', () => Promise.resolve(seen.includes(KEY)));
      expect(await powerOf(stage)).toBe('off');
      seen.length = 0;
    };
    await start(stage);
    await shutDown(stage);
    await told();
    await start(stage);
    seen.length = 0;
    await platform.crashMachine(KEY);
    await told();
    stop();
    await start(stage);
    await shutDown(stage);
    expect(seen).toEqual([]);
  },
  'adopt-running': async (stage) => {
    const { platform, connector, signal } = stage;
    await start(stage);
    const before = await connector.findMachine(KEY, signal);
    await connector.close();
    const next = await platform.open();
    try {
      const seen: string[] = [];
      next.watch((key) => seen.push(key));
      expect(await next.findMachine(KEY, signal)).toEqual(before);
      await shutDown({ ...stage, connector: next });
      await until('the change is told', () => Promise.resolve(seen.includes(KEY)));
    } finally {
      await next.close();
    }
  },
  'crashed-is-off': async (stage) => {
    await start(stage);
    await stage.platform.crashMachine(KEY);
    expect(await powerOf(stage)).toBe('off');
    await stage.connector.power(KEY, 'on', stage.signal);
    await shutDown(stage);
  },
  'snapshot-stands-alone': async (stage) => {
    const { connector, platform, signal } = stage;
    await start(stage);
    await shutDown(stage);
    await connector.snapshot(KEY, 'one', signal);
    const snapshot = await connector.findSnapshot(KEY, 'one', signal);
    if (snapshot === undefined) throw new Error('there is no snapshot');
    const before = await stat(snapshot.path);
    expect(before.mode & 0o222).toBe(0);
    await connector.snapshot(KEY, 'one', signal);
    expect((await stat(snapshot.path)).ino).toBe(before.ino);
    expect(await connector.findSnapshot(KEY, 'two', signal)).toBeUndefined();
    await connector.deleteMachine(KEY, signal);
    await connector.deleteDisk(KEY, signal);
    expect(await connector.listOwned(signal)).toEqual([{ kind: 'snapshot', key: KEY }]);
    await platform.removeSource();
    expect((await readDisk(snapshot, BOOT_COUNT_OFFSET, 2)).readUInt16LE(0)).toBe(1);
    expect(await connector.findSnapshot(KEY, 'one', signal)).toEqual(snapshot);
  },
  'one-key-one-machine': async (stage) => {
    await Promise.all([put(stage), put(stage), put(stage)]);
    await Promise.all([create(stage), create(stage)]);
    const { connector, signal } = stage;
    await Promise.all([1, 2, 3].map(() => connector.power(KEY, 'on', signal)));
    expect(await powerOf(stage)).toBe('on');
    await shutDown(stage);
    expect(await bootCount(stage)).toBe(1);
  },
  'crash-anywhere': async (stage) => {
    for (let fatal = 1; ; fatal += 1) {
      let calls = 0;
      const point = (where: string): void => {
        calls += 1;
        if (calls === fatal) throw new Error(`the controller ends ${where}`);
      };
      const doomed = await stage.platform.open({ point });
      const crashed = await wholeLife({ ...stage, connector: doomed }).then(
        () => false,
        () => true,
      );
      await doomed.close();
      await wholeLife(stage);
      expect(await powerOf(stage)).toBe('off');
      expect(await stage.connector.findSnapshot(KEY, 'one', stage.signal)).toBeDefined();
      await removeAll(stage);
      expect(await stage.platform.leftovers()).toEqual([]);
      if (!crashed) break;
      expect(fatal).toBeLessThan(200);
    }
  },
  'aborted-does-nothing': async (stage) => {
    const aborted = { ...stage, signal: AbortSignal.abort() };
    await expect(put(aborted)).rejects.toThrow();
    expect(await stage.connector.listOwned(stage.signal)).toEqual([]);
    await create(stage);
    const { connector } = stage;
    await expect(connector.power(KEY, 'on', aborted.signal)).rejects.toThrow();
    expect(await powerOf(stage)).toBe('off');
    await expect(connector.snapshot(KEY, 'one', aborted.signal)).rejects.toThrow();
    expect(await connector.findSnapshot(KEY, 'one', stage.signal)).toBeUndefined();
    await expect(connector.deleteMachine(KEY, aborted.signal)).rejects.toThrow();
    await expect(connector.deleteDisk(KEY, aborted.signal)).rejects.toThrow();
    expect((await connector.listOwned(stage.signal)).length).toBe(2);
  },
  'hostile-names': async (stage) => {
    const impossible = { consequence: 'Impossible' };
    for (const key of ['', '..', '../x', 'a/b', '/etc', 'A', 'a b', 'a\n', '-x', 'x'.repeat(300)]) {
      await expect(put(stage, key)).rejects.toMatchObject(impossible);
      const removed = stage.connector.deleteMachine(key, stage.signal);
      await expect(removed).rejects.toMatchObject(impossible);
      const snapshot = stage.connector.findSnapshot(KEY, key, stage.signal);
      await expect(snapshot).rejects.toMatchObject(impossible);
    }
    expect(await stage.platform.leftovers()).toEqual([]);
  },
  'verify-explains': async ({ connector, signal }) => {
    const { credentials, location } = await connector.verify(signal);
    for (const check of [credentials, location]) {
      expect(check).toMatchObject({ ok: true, message: expect.stringMatching(/^[A-Z].{10}/) });
      expect(check.reason).toMatch(/^[A-Z][A-Za-z]+$/);
    }
  },
};

/** Holds a connector to its contract. A rule is left out only with a reason that its README gives too. */
export function connectorContract(
  name: string,
  options: {
    readonly open: () => Promise<ContractPlatform>;
    readonly exempt?: Partial<Record<RuleName, string>>;
  },
): void {
  describe(`the ${name} connector`, () => {
    for (const rule of Object.keys(RULES) as RuleName[]) {
      const reason = options.exempt?.[rule];
      const title = `${rule}: ${RULES[rule]}`;
      if (reason !== undefined) {
        it.skip(`${title} (exempt: ${reason})`, () => undefined);
        continue;
      }
      it(title, async () => {
        await using platform = await options.open();
        const connector = await platform.open();
        try {
          await PROOFS[rule]({ platform, connector, signal: new AbortController().signal });
        } finally {
          await connector.close();
        }
      });
    }
  });
}
