import { createHmac } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inspection, InspectionRecord } from '../../../src/core/evidence.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../support/runner.ts';
import { storeIn } from './fixtures.ts';

const ID = `c-${'0'.repeat(40)}`;
const KEY = 'lamina-apl-7zip-26.0-3f9a01bc-00000000';

const record = (found: Inspection): InspectionRecord => ({
  key: KEY,
  composition: ID,
  boot: '1700000000000',
  attestation: `sha256:${'1'.repeat(64)}`,
  found,
  at: 1_700_000_000_000,
});

describe('evidence in the store', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => void (folder = await temporaryFolder()));
  afterEach(() => folder[Symbol.asyncDispose]());

  const own = (...names: string[]) => join(folder.path, 'store', '.lamina', ...names);

  it.each<{ why: string; found: Inspection }>([
    { why: 'a clean end', found: { verdict: 'clean' } },
    { why: 'no attestation', found: { verdict: 'unattested', hint: 'start it' } },
    { why: 'a failed step', found: { verdict: 'failed', step: 2, exitCode: -1, log: 'oups\n' } },
    {
      why: 'something to put right',
      found: { verdict: 'blocked', reasons: [{ reason: 'r', cure: 'c' }] },
    },
  ])('is found again by another process: $why', async ({ found }) => {
    const writer = await storeIn(folder.path);
    await writer.evidence.putInspection(record(found));
    await writer.evidence.putComposed({ id: ID, sizeBytes: 7 });
    const { evidence } = await storeIn(folder.path);
    expect(await evidence.inspection(KEY)).toEqual(record(found));
    expect(await evidence.composed(ID)).toEqual({ id: ID, sizeBytes: 7 });
    expect(await readdir(own('ingest'))).toEqual([]);
  });

  it('is replaced as a whole, and forgotten as often as asked', async () => {
    const { evidence } = await storeIn(folder.path);
    const bare: InspectionRecord = {
      key: KEY,
      composition: ID,
      found: { verdict: 'unattested', hint: 'x' },
      at: 1,
    };
    await evidence.putInspection(record({ verdict: 'clean' }));
    await evidence.putInspection(bare);
    expect(await evidence.inspection(KEY)).toEqual(bare);
    await evidence.putComposed({ id: ID, sizeBytes: 7 });
    for (const _ of [1, 2]) {
      await evidence.forgetInspection(KEY);
      await evidence.forgetComposed(ID);
    }
    expect(await evidence.inspection(KEY)).toBeUndefined();
    expect(await evidence.composed(ID)).toBeUndefined();
  });

  const whole = JSON.stringify(record({ verdict: 'clean' }));
  it.each([
    { why: 'a torn file', text: whole.slice(0, 40) },
    { why: 'another value', text: '[1]' },
    { why: 'nothing', text: '' },
    { why: 'the record of another key', text: whole.replace(KEY, 'other') },
    { why: 'an unknown verdict', text: whole.replace('"clean"', '"great"') },
    { why: 'a verdict without its parts', text: whole.replace('"clean"', '"failed"') },
    {
      why: 'reasons that are none',
      text: whole.replace('{"verdict":"clean"}', '{"verdict":"blocked","reasons":[{"reason":1}]}'),
    },
    { why: 'an attestation that is no text', text: whole.replace(/"sha256:[^"]*"/, '{}') },
    { why: 'a time that is none', text: whole.replace('1700000000000}', '"now"}') },
    { why: 'a file that is absurdly long', text: `${whole}${' '.repeat(65_536)}` },
    { why: 'JSON that is nested without end', text: '['.repeat(60_000) },
  ])('counts $why as absent', async ({ text }) => {
    const { evidence } = await storeIn(folder.path);
    await writeFile(own('evidence', 'inspections', `${KEY}.json`), text);
    expect(await evidence.inspection(KEY)).toBeUndefined();
  });

  it.each([
    { why: 'a link', plant: (path: string) => symlink('/etc/hostname', path) },
    { why: 'a folder', plant: (path: string) => mkdir(path) },
  ])('counts $why in its place as absent', async ({ plant }) => {
    const { evidence } = await storeIn(folder.path);
    await plant(own('evidence', 'composed', `${ID}.json`));
    expect(await evidence.composed(ID)).toBeUndefined();
  });

  it.each(['', '../x', 'a/b', 'UPPER', '.x', 'x'.repeat(202)])(
    'refuses %j as a name',
    async (name) => {
      const { evidence } = await storeIn(folder.path);
      const bad = { consequence: 'Impossible', code: 'BadEvidenceName' };
      await expect(evidence.composed(name)).rejects.toMatchObject(bad);
      await expect(evidence.forgetInspection(name)).rejects.toMatchObject(bad);
      await expect(
        Promise.resolve().then(() => evidence.putComposed({ id: name, sizeBytes: 1 })),
      ).rejects.toMatchObject(bad);
    },
  );
});

describe('the secret of an installation', () => {
  it('is made once, for its owner only, and nonces follow from it', async () => {
    await using folder = await temporaryFolder();
    const stores = await Promise.all([1, 2, 3, 4].map(() => storeIn(folder.path)));
    const path = join(folder.path, 'store', '.lamina', 'secret');
    const secret = (await readFile(path, 'utf8')).trim();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const nonce = createHmac('sha256', Buffer.from(secret, 'hex')).update(ID).digest('hex');
    expect(stores.map((store) => store.nonceOf(ID))).toEqual(stores.map(() => nonce.slice(0, 32)));
    expect(stores[0]?.nonceOf(`${ID.slice(0, -1)}1`)).not.toBe(stores[0]?.nonceOf(ID));
  });

  it('is given to a store of an older release', async () => {
    await using folder = await temporaryFolder();
    const { installId } = await storeIn(folder.path);
    const own = join(folder.path, 'store', '.lamina');
    await rm(join(own, 'secret'));
    await rm(join(own, 'evidence'), { recursive: true });
    const store = await storeIn(folder.path);
    expect(store.installId).toBe(installId);
    expect(store.nonceOf(ID)).toMatch(/^[0-9a-f]{32}$/);
    expect(await store.evidence.composed(ID)).toBeUndefined();
  });

  it('says so when it is damaged, instead of deriving other nonces', async () => {
    await using folder = await temporaryFolder();
    await storeIn(folder.path);
    await writeFile(join(folder.path, 'store', '.lamina', 'secret'), 'x');
    await expect(storeIn(folder.path)).rejects.toMatchObject({ code: 'StoreInvalid' });
  });
});
