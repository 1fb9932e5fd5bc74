import { open } from 'node:fs/promises';
import { sha256 } from '../../../../src/core/digest.ts';
import { inspect, judge, type GuestMark } from '../../../../src/engine/inspect/inspect.ts';
import { run } from '../../../../src/host/run.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { changeDisk, file } from '../../../support/volume/change.ts';
import { makeDisk, mounted, NO_MOUNTS } from '../../../support/volume/disk.ts';
import { engineOn, handedOut } from '../../../support/volume/engine.ts';
import { MemoryVolume } from '../../../support/volume/memory.ts';

const MARK: GuestMark = { nonce: 'right', role: 'package' };

function volumeWith(files: Readonly<Record<string, string>>): MemoryVolume {
  const volume = new MemoryVolume();
  for (const [path, text] of Object.entries(files)) {
    const parts = path.split('/').slice(1, -1);
    for (const [i] of parts.entries()) volume.mkdir(`/${parts.slice(0, i + 1).join('/')}`);
    volume.write(path, text);
  }
  return volume;
}

const WORD = '/var/lib/lamina/attestation.json';
const STATUS = '/var/lib/dpkg/status';
const word = (more: object) =>
  JSON.stringify({
    format: 1,
    nonce: 'right',
    role: 'package',
    result: 'clean',
    reasons: [],
    ...more,
  });

describe('judging what a machine left', () => {
  it.each([
    { why: 'no word of the tool', files: {}, verdict: 'unattested' },
    { why: 'a word that is no JSON', files: { [WORD]: '{"format":1,' }, verdict: 'unattested' },
    {
      why: 'a word of another form',
      files: { [WORD]: word({ format: 2 }) },
      verdict: 'unattested',
    },
    {
      why: 'the word of another machine',
      files: { [WORD]: word({ nonce: 'old' }) },
      verdict: 'unattested',
    },
    {
      why: 'an unknown result',
      files: { [WORD]: word({ result: 'great' }) },
      verdict: 'unattested',
    },
    {
      why: 'a word that is absurdly long',
      files: { [WORD]: word({ x: 'y'.repeat(70_000) }) },
      verdict: 'unattested',
    },
    { why: 'a clean end', files: { [WORD]: word({}) }, verdict: 'clean' },
    {
      why: 'a failed step',
      files: { [WORD]: word({ result: 'failed', step: 2, exitCode: 7, logHex: '6f7570730a1b' }) },
      verdict: 'failed',
    },
  ])('finds $why: $verdict', ({ files, verdict }) => {
    expect(judge(volumeWith(files), MARK)).toMatchObject({ verdict });
  });

  it('gives step, exit code and log of a failure, without control characters', () => {
    const text = word({
      result: 'failed',
      step: 2,
      exitCode: 7,
      logHex: '6f7570730a1be280aec29b5b',
    });
    expect(judge(volumeWith({ [WORD]: text }), MARK)).toEqual({
      verdict: 'failed',
      step: 2,
      exitCode: 7,
      log: 'oups\n[',
    });
  });

  it('does not follow what is no regular file', () => {
    const volume = volumeWith({ '/var/lib/lamina/real': word({}) });
    volume.link('/var/lib/lamina/x', '/var/lib/lamina/real');
    volume.mkdir(WORD);
    expect(judge(volume, MARK)).toMatchObject({ verdict: 'unattested' });
  });

  it.each([
    {
      why: 'what the tool saw',
      files: { [WORD]: word({ result: 'blocked', reasons: ['RebootRequired'] }) },
      reason: /reboot/,
    },
    {
      why: 'a reason that we do not know',
      files: { [WORD]: word({ result: 'blocked', reasons: ['Odd', 7] }) },
      reason: /^Odd$/,
    },
    {
      why: 'a word that every object knows',
      files: { [WORD]: word({ result: 'blocked', reasons: ['constructor'] }) },
      reason: /^constructor$/,
    },
    {
      why: 'a reason that would act on a terminal',
      files: { [WORD]: word({ result: 'blocked', reasons: ['a\u202eb\u001b[2J\nc', '\u200b'] }) },
      reason: /^ab c$/,
    },
    {
      why: 'no reason at all',
      files: { [WORD]: word({ result: 'blocked', reasons: 'x' }) },
      reason: /no reason/,
    },
    {
      why: 'packages that are half installed, whatever the tool said',
      files: {
        [WORD]: word({}),
        [STATUS]:
          'Package: a\nStatus: install ok installed\n\nPackage: app\nStatus: install ok half-configured\n',
      },
      reason: /not fully installed: app$/,
    },
    {
      why: 'updates of the package database',
      files: { [WORD]: word({}), '/var/lib/dpkg/updates/0001': 'x' },
      reason: /updates/,
    },
  ])('blocks on $why, with a cure', ({ files, reason }) => {
    const found = judge(volumeWith(files), MARK);
    expect(found).toEqual({
      verdict: 'blocked',
      reasons: [{ reason: expect.stringMatching(reason), cure: expect.stringMatching(/\w+/) }],
    });
  });

  it('looks at packages on packaging machines only', () => {
    const files = { [WORD]: word({}), [STATUS]: 'Package: a\nStatus: install ok unpacked\n' };
    expect(judge(volumeWith(files), { ...MARK, role: 'image' })).toEqual({ verdict: 'clean' });
  });
});

describe('inspecting a disk', () => {
  it('says of a machine that lost its power that it was not shut down', async () => {
    await using folder = await temporaryFolder();
    const disk = await makeDisk(folder.path, 'mkdir -p etc usr var/lib');
    const { tools } = await engineOn(folder.path, disk);
    const look = () => inspect(handedOut(disk), MARK, tools);
    await changeDisk(disk, folder.path, [
      {
        ...file('/x', ''),
        path: '/var/lib/lamina',
        op: 'put',
        meta: {
          type: 'directory',
          mode: 0o755,
          uid: 0,
          gid: 0,
          mtime: { seconds: 1, nanoseconds: 0 },
          xattrs: new Map(),
        },
      },
      file(WORD, word({})),
    ]);
    expect(await look()).toEqual({
      found: { verdict: 'clean' },
      attestation: sha256(word({})),
    });

    // needs_recovery, as the kernel sets it while a journal is in use; ext4 layout, 0x60 and 0x4.
    const handle = await open(disk.path, 'r+');
    const at = 2 ** 20 + 1024 + 0x60;
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, at);
    await handle.write(Buffer.from([(buffer[0] ?? 0) | 4]), 0, 1, at);
    await handle.close();
    const found = await look().catch((error: unknown) => error);
    expect(found).toEqual({
      found: expect.objectContaining({ verdict: expect.stringMatching(/^(unattested|blocked)$/) }),
    });
  });

  const PARTITION = 2 ** 20;
  const NO_MAGIC = [PARTITION + 1024 + 0x38, '\0\0'] as const;
  it.each([
    {
      why: 'its root was encrypted',
      wrote: [NO_MAGIC, [PARTITION, 'LUKS\xba\xbe']],
      reason: /found: partition 1 \(Linux\) with an encrypted volume/,
    },
    { why: 'it holds Windows', wrote: [NO_MAGIC, [PARTITION + 3, 'NTFS    ']], reason: /NTFS/ },
    {
      why: 'its root has a feature that is not read',
      wrote: [[PARTITION + 1024 + 0x61, '\x82']],
      reason: /inline_data is not supported/,
    },
    {
      why: 'its first sector was wiped',
      wrote: [[0, '\0'.repeat(512)]],
      reason: /found: no partition table: its first sector is empty/,
    },
    {
      why: 'its partition table is damaged',
      wrote: [[446 + 12, '\xff\xff\xff\x7f']],
      reason: /goes beyond the disk/,
    },
  ] as const)('says what to undo on a machine when $why', async ({ wrote, reason }) => {
    await using folder = await temporaryFolder();
    const disk = await makeDisk(folder.path, 'mkdir -p etc usr var/lib');
    const { tools } = await engineOn(folder.path, disk);
    const handle = await open(disk.path, 'r+');
    for (const [at, bytes] of wrote) await handle.write(Buffer.from(bytes, 'latin1'), 0, null, at);
    await handle.close();
    expect(await inspect(handedOut(disk), MARK, tools)).toEqual({
      found: {
        verdict: 'blocked',
        reasons: [
          {
            reason: expect.stringMatching(reason),
            cure: expect.stringContaining('undo the change'),
          },
        ],
      },
    });
  });

  it('tells one attestation from another, even one that counts for nothing', async () => {
    await using folder = await temporaryFolder();
    const disk = await makeDisk(folder.path, 'mkdir -p etc usr var/lib/lamina; echo no > etc/x');
    const { tools } = await engineOn(folder.path, disk);
    const look = () => inspect(handedOut(disk), MARK, tools);
    expect(await look()).toEqual({ found: expect.objectContaining({ verdict: 'unattested' }) });
    await changeDisk(disk, folder.path, [file(WORD, 'garbage')]);
    expect(await look()).toEqual({
      found: expect.objectContaining({ verdict: 'unattested' }),
      attestation: sha256('garbage'),
    });
  });
});

(NO_MOUNTS === undefined ? describe : describe.skip)('a machine whose disk is full', () => {
  it.each([
    {
      why: 'blocks',
      fill: 'cat /dev/zero > fill; sync; for i in $(seq 999); do date > n$i && sync || exit 0; done',
    },
    { why: 'inodes', fill: 'for i in $(seq 20000); do true > n$i || exit 0; done' },
  ])('is told so when it has no free $why', async ({ fill }) => {
    await using folder = await temporaryFolder();
    const disk = await makeDisk(folder.path, 'mkdir -p etc usr var/lib/lamina');
    const { tools } = await engineOn(folder.path, disk);
    const sh = (script: string, okCodes: readonly number[]) =>
      mounted(disk, folder.path, (cwd) => run('sh', ['-c', script], { cwd, okCodes }));
    await sh(fill, [0]);
    // The kernel judges: what the guest tool would write does not find a place.
    await sh(`printf '{"format":1}' > .${WORD} && sync`, [1, 2]);
    expect(await inspect(handedOut(disk), MARK, tools)).toMatchObject({
      found: { verdict: 'unattested', hint: expect.stringMatching(/full disk.*remove/) },
    });
    await sh(`rm -f fill n*; printf '{"format":1}' > .${WORD} && sync`, [0]);
    expect(await inspect(handedOut(disk), MARK, tools)).toMatchObject({
      found: { verdict: 'unattested', hint: expect.stringContaining('without the guest tool') },
    });
  });
});
