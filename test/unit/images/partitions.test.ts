import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/host/run.ts';
import { readPartitions } from '../../../src/images/partitions.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { memorySource } from '../../support/memory-source.ts';
import { describe, expect, it } from '../../support/runner.ts';

/** A disk with what sfdisk made, and what sfdisk says of it. */
async function disk(script: string) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'disk');
  await run('truncate', ['-s', '64M', path]);
  await run('sfdisk', ['-q', path], { stdin: script });
  const { stdout } = await run('sfdisk', ['-J', path]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions?: { node: string; start: number; size: number; type: string }[] };
  };
  const wanted = (partitiontable.partitions ?? []).map(({ node, start, size, type }) => ({
    index: Number(/(\d+)$/.exec(node)?.[1]),
    start: start * 512,
    sizeBytes: size * 512,
    type: type.toLowerCase().padStart(2, '0'),
  }));
  return { bytes: await readFile(path), wanted };
}

const LOGICAL = `label: dos
start=2048, size=20480, type=83, bootable
start=22528, size=2048, type=82
start=24576, type=5
start=26624, size=8192, type=83
start=36864, size=8192, type=8e
start=47104, size=4096, type=7
`;
const GPT = `label: gpt
size=8M, type=U
size=16M, type=L, name="root"
start=100000, type=L
`;

describe('partition tables', () => {
  it.each([
    { why: 'an MBR', script: 'label: dos\nstart=2048, type=83\n' },
    { why: 'an MBR with logical partitions', script: LOGICAL, extended: true },
    { why: 'a GPT', script: GPT },
    { why: 'an empty GPT', script: 'label: gpt\n' },
  ])('$why is read as sfdisk reads it', async ({ script, extended = false }) => {
    const { bytes, wanted } = await disk(script);
    const listed = extended ? wanted.filter(({ type }) => type !== '05') : wanted;
    expect(readPartitions(memorySource(bytes))).toEqual(listed);
  });

  it('a disk without a table has none', () => {
    expect(readPartitions(memorySource(Buffer.alloc(4096)))).toEqual([]);
  });

  it.each([
    { why: 'the first header', at: 512 + 24 },
    { why: 'the first entries', at: 1024 + 32 },
  ])('the copy at the end of a GPT serves when $why is damaged', async ({ at }) => {
    const { bytes, wanted } = await disk(GPT);
    bytes.writeUInt8((bytes[at] ?? 0) ^ 1, at);
    expect(readPartitions(memorySource(bytes))).toEqual(wanted);
    bytes.writeUInt8((bytes[bytes.length - 512 + 40] ?? 0) ^ 1, bytes.length - 512 + 40);
    expect(() => readPartitions(memorySource(bytes))).toThrow('both copies');
  });

  it.each([
    {
      why: 'beyond the disk',
      script: 'label: dos\nstart=2048, type=83\n',
      at: 446 + 12,
      value: 0xffffffff,
      says: 'beyond the disk',
    },
    {
      why: 'logical ones beyond the disk',
      script: LOGICAL,
      at: 478 + 8,
      value: 0x7fffffff,
      says: 'beyond the disk',
    },
    {
      why: 'a circle',
      script: LOGICAL,
      at: 24576 * 512 + 462 + 8,
      value: 0,
      says: 'runs in a circle',
    },
    {
      why: 'a broken chain',
      script: LOGICAL,
      at: 24576 * 512 + 462 + 8,
      value: 50000,
      says: 'is broken',
    },
  ])('a hostile MBR: $why', async ({ script, at, value, says }) => {
    const { bytes } = await disk(script);
    bytes.writeUInt32LE(value, at);
    expect(() => readPartitions(memorySource(bytes))).toThrow(
      expect.objectContaining({ code: 'DamagedDisk', message: expect.stringContaining(says) }),
    );
  });
});
