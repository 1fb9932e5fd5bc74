import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type Run } from '../../../../src/host/run.ts';
import { writeExt4 } from '../../../../src/engine/ext4/write-ext4.ts';
import type { VolumeChange, WantedMeta } from '../../../../src/engine/volume.ts';
import { createOverlay } from '../../../../src/images/qemu-img.ts';
import { metaOf } from '../../../support/ext4-disk.ts';
import { makeExt4, withVolume } from '../../../support/ext4.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const MIB = 2 ** 20;

interface Attempt {
  readonly changes: readonly VolumeChange[];
  readonly options?: readonly string[];
  readonly run?: Run;
  /** What debugfs does to the file system before. */
  readonly before?: string;
}

/** Applies changes to an overlay of an 8 MiB file system that holds /dir/file and a link to /dir. */
async function attempt(folder: string, wanted: Attempt) {
  const { changes, options = [], run: use = run, before } = wanted;
  const from = join(folder, 'from');
  await mkdir(join(from, 'dir'), { recursive: true });
  await writeFile(join(from, 'dir', 'file'), 'content');
  await run('ln', ['-s', 'dir', join(from, 'link')]);
  const base = { path: join(folder, 'base.img'), format: 'raw' } as const;
  await makeExt4(base.path, '8M', ['-d', from, ...options]);
  if (before !== undefined) await run('debugfs', ['-w', '-R', before, base.path]);
  const disk = await createOverlay(run, { path: join(folder, 'o.qcow2'), backing: base });
  const workDir = join(folder, 'work');
  await mkdir(workDir);
  try {
    const partition = { start: 0, sizeBytes: 8 * MIB };
    return await writeExt4({ disk, partition, changes, workDir, runDir: folder, run: use });
  } finally {
    expect(await readdir(workDir)).toEqual([]);
  }
}

const file = metaOf('file');
const put = (path: string, rest: Partial<WantedMeta> = {}): VolumeChange => ({
  op: 'put',
  path,
  meta: { ...file, ...rest },
});

describe('changes that are refused', () => {
  it.each<{ why: string; changes: readonly VolumeChange[]; code: string; says: string }>([
    {
      why: 'a command in a name',
      changes: [put('/a\nrm dir/file')],
      code: 'BadFileName',
      says: 'control character',
    },
    {
      why: 'a command in a target',
      changes: [put('/a', { type: 'symlink', target: 'x\nkill_file <2>' })],
      code: 'BadFileName',
      says: 'control character',
    },
    {
      why: 'a command in an attribute',
      changes: [put('/a', { xattrs: new Map([['user.a\nquit', Buffer.alloc(1)]]) })],
      code: 'BadFileName',
      says: 'control character',
    },
    {
      why: 'half a character',
      changes: [put('/\ud800')],
      code: 'BadFileName',
      says: 'not well-formed',
    },
    { why: 'a relative path', changes: [put('a')], code: 'BadFileName', says: 'absolute' },
    { why: 'a path upwards', changes: [put('/dir/../a')], code: 'BadFileName', says: 'normalized' },
    {
      why: 'a name of 256 bytes',
      changes: [put(`/${'ü'.repeat(128)}`)],
      code: 'BadFileName',
      says: 'normalized',
    },
    { why: 'a missing parent', changes: [put('/no/a')], code: 'BadChange', says: 'does not exist' },
    {
      why: 'a parent that is a symbolic link',
      changes: [put('/link/a')],
      code: 'BadChange',
      says: 'below a symlink',
    },
    {
      why: 'a parent that is a file',
      changes: [put('/dir/file/a')],
      code: 'BadChange',
      says: 'below a file',
    },
    {
      why: 'a link to nothing',
      changes: [{ op: 'link', path: '/a', to: '/none' }],
      code: 'BadChange',
      says: 'no file there',
    },
    {
      why: 'a link to a directory',
      changes: [{ op: 'link', path: '/a', to: '/dir' }],
      code: 'BadChange',
      says: 'no file there',
    },
    { why: 'the root', changes: [{ op: 'remove', path: '/' }], code: 'BadChange', says: 'root' },
    {
      why: 'a socket',
      changes: [put('/s', { type: 'socket' })],
      code: 'NotWritable',
      says: 'socket',
    },
    {
      why: 'an impossible mode',
      changes: [put('/a', { mode: 0o10000 })],
      code: 'NotWritable',
      says: 'mode',
    },
    {
      why: 'an impossible time',
      changes: [put('/a', { mtime: { seconds: 2 ** 40, nanoseconds: 0 } })],
      code: 'NotWritable',
      says: 'time',
    },
    {
      why: 'an impossible device',
      changes: [put('/a', { type: 'char' })],
      code: 'NotWritable',
      says: 'device',
    },
    {
      why: 'an attribute of no kind',
      changes: [put('/a', { xattrs: new Map([['other.x', Buffer.alloc(1)]]) })],
      code: 'NotWritable',
      says: 'other.x',
    },
    {
      why: 'an attribute of 64 KiB',
      changes: [put('/a', { xattrs: new Map([['user.x', Buffer.alloc(65_536)]]) })],
      code: 'NotWritable',
      says: 'too large',
    },
    {
      why: 'more than there is room for',
      changes: [
        {
          op: 'put',
          path: '/big',
          meta: file,
          content: { from: 'bytes', bytes: Buffer.alloc(9 * MIB, 1) },
        },
      ],
      code: 'LayerDoesNotFit',
      says: 'free',
    },
    {
      why: 'more files than there are inodes',
      changes: Array.from({ length: 3000 }, (_, i) => put(`/f${i}`)),
      code: 'LayerDoesNotFit',
      says: 'free',
    },
  ])('$why', async ({ changes, code, says }) => {
    await using folder = await temporaryFolder();
    await expect(attempt(folder.path, { changes })).rejects.toMatchObject({
      code,
      consequence: expect.stringMatching(/Impossible|Denied/),
      message: expect.stringContaining(says),
      hint: expect.stringMatching(/./),
    });
  });

  it('a file system whose quotas would go wrong', async () => {
    await using folder = await temporaryFolder();
    const work = attempt(folder.path, { changes: [put('/a')], options: ['-O', 'quota'] });
    await expect(work).rejects.toMatchObject({
      code: 'UnsupportedFileSystem',
      message: expect.stringContaining('quota'),
    });
  });
});

describe('room', () => {
  it('is counted after removals', async () => {
    await using folder = await temporaryFolder();
    const half = { from: 'bytes', bytes: Buffer.alloc(2 * MIB, 1) } as const;
    const big = { from: 'bytes', bytes: Buffer.alloc(3 * MIB, 2) } as const;
    const first = await attempt(folder.path, {
      changes: [{ op: 'put', path: '/half', meta: file, content: half }],
    });
    expect(first.createdInodes).toBe(1);
    const over = { path: join(folder.path, 'o.qcow2'), format: 'qcow2' } as const;
    const disk = await createOverlay(run, { path: join(folder.path, 'p.qcow2'), backing: over });
    const changes: readonly VolumeChange[] = [
      { op: 'remove', path: '/half' },
      { op: 'put', path: '/big', meta: file, content: big },
    ];
    await writeExt4({
      disk,
      partition: { start: 0, sizeBytes: 8 * MIB },
      changes,
      workDir: join(folder.path, 'work'),
      runDir: folder.path,
      run,
    });
    await withVolume(disk, (volume) => {
      expect(volume.meta(volume.lookup('/big') ?? 0).sizeBytes).toBe(3 * MIB);
      expect(volume.lookup('/half')).toBeUndefined();
    });
  });
});

describe('what goes wrong silently', () => {
  const changes = [
    {
      op: 'put',
      path: '/new',
      meta: file,
      content: { from: 'bytes', bytes: Buffer.alloc(5000, 3) },
    },
  ] as const;

  it.each<{ why: string; breaks: (call: Parameters<Run>) => ReturnType<Run>; says: string }>([
    {
      why: 'debugfs does nothing and says nothing',
      breaks: async (call) =>
        call[0] === 'debugfs' ? { code: 0, stdout: '', stderr: '' } : run(...call),
      says: '/new is missing',
    },
    {
      why: 'debugfs complains and ends with 0',
      breaks: async (call) => {
        const result = await run(...call);
        return call[0] === 'debugfs'
          ? { ...result, stderr: `${result.stderr}ln: No such file\n` }
          : result;
      },
      says: 'debugfs said: ln: No such file',
    },
    {
      why: 'a link count is left wrong',
      breaks: async (call) => {
        const result = await run(...call);
        const [program, , options] = call;
        if (program !== 'debugfs' || options?.cwd === undefined) return result;
        await run('debugfs', [
          '-w',
          '-R',
          'sif /dir links_count 9',
          join(options.cwd, 'metadata.raw'),
        ]);
        return result;
      },
      says: 'e2fsck found errors',
    },
    {
      why: 'content becomes other content',
      breaks: async (call) => {
        const result = await run(...call);
        const [program, , options] = call;
        if (program !== 'e2fsck' || options?.cwd === undefined) return result;
        const image = join(options.cwd, 'metadata.raw');
        const { stdout } = await run('debugfs', ['-R', 'blocks /new', image]);
        await run('dd', [
          'if=/dev/zero',
          `of=${image}`,
          'bs=4096',
          'count=1',
          `seek=${stdout.trim().split(' ')[0]}`,
          'conv=notrunc',
        ]);
        return result;
      },
      says: '/new has other content',
    },
  ])('is noticed: $why', async ({ breaks, says }) => {
    await using folder = await temporaryFolder();
    const work = attempt(folder.path, { changes, run: (...call) => breaks(call) });
    await expect(work).rejects.toMatchObject({
      code: 'Ext4WriteFailed',
      message: expect.stringContaining(says),
    });
  });
});

describe('a file system that cannot take a change', () => {
  it('is named where a file is longer than it can say, however little is stored', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'long');
    await run('truncate', ['-s', '40G', path]);
    const content = { from: 'file', path, data: [] } as const;
    const changes = [{ op: 'put', path: '/long', meta: file, content }] as const;
    const options = ['-b', '1024', '-O', '^extent,^64bit,^metadata_csum'];
    await expect(attempt(folder.path, { changes, options })).rejects.toMatchObject({
      code: 'NotWritable',
      message: expect.stringContaining(
        '/long has 40 GiB, and the file system holds files of up to 16',
      ),
    });
  });

  it('is told to be damaged where it was before', async () => {
    await using folder = await temporaryFolder();
    const before = 'sif /dir/file blocks 800';
    await expect(attempt(folder.path, { changes: [put('/new')], before })).rejects.toMatchObject({
      code: 'DamagedFileSystem',
      consequence: 'Denied',
      message: expect.stringContaining('i_blocks is 800'),
    });
  });
});
