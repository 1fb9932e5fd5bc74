import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../../../../src/core/digest.ts';
import type { DeltaItem } from '../../../../src/engine/delta/entry.ts';
import { flawOfPath } from '../../../../src/engine/delta/path.ts';
import { sortItems } from '../../../../src/engine/delta/write.ts';
import { run } from '../../../../src/host/run.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { archive, portions, put, unarchive } from './items.ts';

const CAPABILITY = Buffer.from('0100000200040000000000000000000000000000', 'hex');
const LONG = `/deep/${'long-name-'.repeat(12)}/${'x'.repeat(200)}`;

/** One of everything that a layer can say, in archive order. */
const ITEMS: readonly DeltaItem[] = [
  { change: { op: 'whiteout', path: '/gone' } },
  put('/bin', 'directory'),
  put('/bin/ping', 'file', 'elf', {
    mode: 0o4755,
    xattrs: new Map([
      ['security.capability', CAPABILITY],
      ['user.a=b%', Buffer.from([0, 10, 61, 255])],
    ]),
  }),
  { change: { op: 'link', path: '/bin/ping6', to: '/bin/ping' } },
  put('/bin/sh', 'symlink', '', { target: 'busybox', mode: 0o777 }),
  put('/bin-x', 'file', 'sorts after what is in /bin'),
  put('/deep', 'directory', '', { mtime: { seconds: 1_600_000_000, nanoseconds: 123_456_789 } }),
  put(LONG, 'file', 'z'.repeat(1024)),
  put('/dev', 'directory'),
  put('/dev/null', 'char', '', { mode: 0o666, device: { major: 1, minor: 3 } }),
  put('/dev/sda', 'block', '', { mode: 0o660, gid: 6, device: { major: 8, minor: 0 } }),
  put('/etc', 'directory'),
  { change: { op: 'opaque', path: '/etc/new' } },
  put('/etc/new/bröd', 'file', 'ü', { uid: 3_000_000, gid: 5 }),
  put('/old', 'file', 'before 1970', { mtime: { seconds: -2, nanoseconds: 500_000_000 } }),
  put('/run', 'directory'),
  put('/run/pipe', 'fifo'),
  put(`/symlong`, 'symlink', '', { target: 'y'.repeat(300), mode: 0o777 }),
];

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

describe('the tar format of layers', () => {
  it('reads back what it wrote, in whatever portions the bytes come', async () => {
    const bytes = await archive(ITEMS);
    const expected = ITEMS.map(({ change, content }) => {
      const text = Buffer.concat([...(content?.() ?? [])]).toString('latin1');
      return text === '' ? { change } : { change, bytes: text };
    });
    expect(await unarchive(portions(bytes))).toEqual(expected);
    expect(await unarchive(portions(bytes, 1))).toEqual(expected);
    expect(await unarchive(portions(bytes, 1 << 20))).toEqual(expected);
  });

  it('has one order, whatever order the items are found in', async () => {
    const sorted = await archive(ITEMS);
    expect(await archive(sortItems([...ITEMS].reverse()))).toEqual(sorted);
    await expect(archive([...ITEMS].reverse())).rejects.toMatchObject({ code: 'BadDelta' });
  });

  it('is listed by GNU tar with modes, owners, times, links and devices', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'layer.tar');
    await writeFile(file, await archive(ITEMS));
    const { stdout, stderr } = await run('tar', [
      '--numeric-owner',
      '--full-time',
      '--utc',
      '--quoting-style=literal',
      '-tvf',
      file,
    ]);
    expect(stderr).toBe('');
    const lines = stdout
      .split('\n')
      // GNU tar lists times before 1970 wrongly; how it extracts them is checked below.
      .filter((line) => !line.endsWith(' old'))
      .map((line) => line.replaceAll(/ +/g, ' '));
    expect(lines).toEqual([
      '-rw-r--r-- 0/0 0 1970-01-01 00:00:00 .wh.gone',
      'drwxr-xr-x 0/0 0 2023-11-14 22:13:20 bin/',
      '-rwsr-xr-x 0/0 3 2023-11-14 22:13:20 bin/ping',
      'hrw-r--r-- 0/0 0 1970-01-01 00:00:00 bin/ping6 link to bin/ping',
      'lrwxrwxrwx 0/0 0 2023-11-14 22:13:20 bin/sh -> busybox',
      '-rw-r--r-- 0/0 27 2023-11-14 22:13:20 bin-x',
      'drwxr-xr-x 0/0 0 2020-09-13 12:26:40.123456789 deep/',
      `-rw-r--r-- 0/0 1024 2023-11-14 22:13:20 ${LONG.slice(1)}`,
      'drwxr-xr-x 0/0 0 2023-11-14 22:13:20 dev/',
      'crw-rw-rw- 0/0 1,3 2023-11-14 22:13:20 dev/null',
      'brw-rw---- 0/6 8,0 2023-11-14 22:13:20 dev/sda',
      'drwxr-xr-x 0/0 0 2023-11-14 22:13:20 etc/',
      '-rw-r--r-- 0/0 0 1970-01-01 00:00:00 etc/new/.wh..wh..opq',
      '-rw-r--r-- 3000000/5 2 2023-11-14 22:13:20 etc/new/bröd',
      'drwxr-xr-x 0/0 0 2023-11-14 22:13:20 run/',
      'prw-r--r-- 0/0 0 2023-11-14 22:13:20 run/pipe',
      `lrwxrwxrwx 0/0 0 2023-11-14 22:13:20 symlong -> ${'y'.repeat(300)}`,
      '',
    ]);
  });

  it('is extracted by GNU tar with content, links and nanoseconds', async () => {
    await using folder = await temporaryFolder();
    const items = ITEMS.filter(
      ({ change }) => change.op !== 'put' || !['char', 'block'].includes(change.meta.type),
    );
    await writeFile(join(folder.path, 'layer.tar'), await archive(items));
    await run('tar', ['-xpf', 'layer.tar', '--no-same-owner'], { cwd: folder.path });
    const script = `
import os, stat
for p in ['bin/ping', 'bin/ping6', 'bin/sh', 'deep', 'old']:
    s = os.lstat(p)
    print(p, stat.filemode(s.st_mode), s.st_nlink, s.st_mtime_ns, os.path.isfile(p) and open(p).read())`;
    const { stdout } = await run('python3', ['-c', script], { cwd: folder.path });
    expect(stdout.trim().split('\n')).toEqual([
      'bin/ping -rwsr-xr-x 2 1700000000000000000 elf',
      'bin/ping6 -rwsr-xr-x 2 1700000000000000000 elf',
      'bin/sh lrwxrwxrwx 1 1700000000000000000 False',
      'deep drwxr-xr-x 3 1600000000123456789 False',
      'old -rw-r--r-- 1 -1500000000 before 1970',
    ]);
  });

  it('shows Python the PAX records that GNU tar, libarchive and Go agree on', async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, 'layer.tar');
    await writeFile(file, await archive(ITEMS));
    const script = `
import json, sys, tarfile
t = tarfile.open(sys.argv[1])
print(json.dumps({m.name[:20]: {k: v.encode('utf-8', 'surrogateescape').hex() for k, v in m.pax_headers.items() if k != 'path'} for m in t if m.pax_headers}))`;
    const { stdout } = await run('python3', ['-c', script, file]);
    expect(JSON.parse(stdout)).toEqual({
      'bin/ping': {
        'SCHILY.xattr.security.capability': CAPABILITY.toString('hex'),
        'SCHILY.xattr.user.a%3Db%25': '000a3dff',
      },
      deep: { mtime: hex('1600000000.123456789') },
      'deep/long-name-long-': {},
      'etc/new/bröd': { uid: hex('3000000') },
      old: { mtime: hex('-1.5') },
      symlong: { linkpath: hex('y'.repeat(300)) },
    });
  });

  it('shows files with holes so that readers that know none refuse them', async () => {
    const { change } = put('/opt/data', 'file', 'x'.repeat(99_999));
    const data = () => [{ start: 90_000, length: 4 }];
    const bytes = await archive([{ change, data, content: () => [Buffer.from('text')] }]);
    // The plain header follows the extended one and its records.
    const name = bytes.toString('latin1', 1024, 1124).replaceAll('\0', '');
    expect(flawOfPath(`/${name}`)).toContain('"."');
    expect(bytes.toString('latin1', 1536, 1554)).toBe('2\n90000\n4\n99999\n0\n');
  });

  it('gives the same bytes for the same items, in every release', async () => {
    expect(sha256(await archive(ITEMS))).toBe(
      'sha256:4da73d9d8411901d19185952c14b2eda7eb17407daea401166ad0d28313cc3cc',
    );
  });
});
