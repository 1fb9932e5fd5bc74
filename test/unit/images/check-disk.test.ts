import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../src/core/failure.ts';
import { run, type Run, type RunOptions } from '../../../src/host/run.ts';
import { checkDisk, mapDisk } from '../../../src/images/qemu-img.ts';
import type { DiskFile } from '../../../src/images/source.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

/** Fields of a qcow2 header: where its first table, and the one of its reference counts, lie. */
const FIRST_TABLE = 40;
const COUNTS = 48;

/** A disk with some data, of which the first entry of a table is wiped. */
async function wiped(folder: string, table: number): Promise<DiskFile> {
  const [raw, path] = [join(folder, 'raw'), join(folder, 'disk.qcow2')];
  await run('sh', ['-euc', `head -c 3000000 /dev/urandom > ${raw}; truncate -s 4M ${raw}`]);
  await run('qemu-img', [...'convert -f raw -O qcow2'.split(' '), raw, path]);
  const handle = await open(path, 'r+');
  try {
    const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, table);
    await handle.write(Buffer.alloc(8), 0, 8, Number(buffer.readBigUInt64BE(0)));
  } finally {
    await handle.close();
  }
  return { path, format: 'qcow2' };
}

describe('checking a disk', () => {
  it('refuses one whose tables contradict each other, in words', async () => {
    await using folder = await temporaryFolder();
    const disk = await wiped(folder.path, COUNTS);
    await expect(checkDisk(run, disk)).rejects.toMatchObject({
      consequence: 'Impossible',
      code: 'DiskRefused',
      message: expect.stringContaining('contradict each other'),
    });
  });

  it('takes one that only wastes space', async () => {
    await using folder = await temporaryFolder();
    await checkDisk(run, await wiped(folder.path, FIRST_TABLE));
  });

  it('can be stopped, and may take long', async () => {
    const seen: RunOptions[] = [];
    const noted: Run = (_program, _args, options = {}) => {
      seen.push(options);
      return Promise.resolve({ code: 0, stdout: '', stderr: '' });
    };
    const { signal } = new AbortController();
    await checkDisk(noted, { path: 'x', format: 'qcow2' }, { signal });
    expect(seen).toMatchObject([{ signal, timeoutMs: 6 * 3_600_000 }]);
  });
});

describe('the map of a disk', () => {
  it('is refused in words where it would fill the memory', async () => {
    const data = { consequence: 'Transient', code: 'ProgramTooChatty', message: 'x' } as const;
    const chatty: Run = () => Promise.reject(new Failure(data));
    await expect(mapDisk(chatty, { path: 'x', format: 'qcow2' })).rejects.toMatchObject({
      consequence: 'Denied',
      code: 'DiskTooScattered',
    });
  });

  it.each([
    { why: 'a lock', says: 'Failed to get shared "write" lock', consequence: 'Transient' },
    { why: 'a table that is wrong', says: 'Image is corrupt', consequence: 'Impossible' },
  ])('fails by whose fault it is: $why', async ({ says, consequence }) => {
    const data = { consequence: 'Transient', code: 'ProgramFailed', message: says } as const;
    const failing: Run = () => Promise.reject(new Failure(data));
    const mapped = mapDisk(failing, { path: 'x', format: 'qcow2' });
    await expect(mapped).rejects.toMatchObject({ consequence });
  });
});
