import fc from 'fast-check';
import {
  contentDigest,
  decodeDiskIndex,
  encodeDiskIndex,
  HOLE,
  slotLength,
  type DiskIndex,
} from '../../../src/store/disk-index.ts';
import { isFailure } from '../../../src/core/failure.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { property } from '../../support/soak.ts';
import { python } from './fixtures.ts';

const MIB = 2 ** 20;

/** Five slots of 4 MiB, the last one 512 bytes; slots 0 and 3 are equal, slot 1 is a hole. */
const EXAMPLE: DiskIndex = {
  diskBytes: 16 * MIB + 512,
  chunkBytes: 4 * MIB,
  packed: false,
  blobCount: 3,
  slots: Uint32Array.of(0, HOLE, 1, 0, 2),
  chunks: [
    { raw: '11'.repeat(32), blob: 0, storedLength: 1000, offset: 0 },
    { raw: '22'.repeat(32), blob: 1, storedLength: 4 * MIB, offset: 0 },
    { raw: '33'.repeat(32), blob: 2, storedLength: 512, offset: 0 },
  ],
};

/** The table of the specification, written down a second time in another language. */
const PYTHON_INDEX = `
import struct
b = b'DISKIDX1' + struct.pack('<IIQIIII', 64, 0, 16*2**20+512, 4*2**20, 5, 3, 3) + bytes(24)
b += struct.pack('<5I', 0, 0xffffffff, 1, 0, 2)
for o, (raw, n) in enumerate([(0x11, 1000), (0x22, 4*2**20), (0x33, 512)]):
    b += bytes([raw])*32 + struct.pack('<IIQ', o, n, 0)
print(b.hex())`;

const PYTHON_CONTENT = `
import struct, hashlib
h = hashlib.sha256(b'DISKCONTENT1\\0' + struct.pack('<QI', 16*2**20+512, 4*2**20))
for raw in (0x11, 0, 0x22, 0x11, 0x33): h.update(bytes([raw])*32)
print('sha256:' + h.hexdigest())`;

const validIndex: fc.Arbitrary<DiskIndex> = fc
  .record({
    sectors: fc.integer({ min: 1, max: 70_000 }),
    chunkMiB: fc.constantFrom(1, 2, 4, 8, 16),
    picks: fc.array(fc.integer({ min: -1, max: 30 }), { maxLength: 40 }),
    raws: fc.uniqueArray(fc.uint8Array({ minLength: 32, maxLength: 32 }), {
      minLength: 1,
      maxLength: 20,
      selector: (raw) => Buffer.from(raw).toString('hex'),
    }),
  })
  .map(({ sectors, chunkMiB, picks, raws }) => {
    const diskBytes = sectors * 512;
    const chunkBytes = chunkMiB * MIB;
    const slotCount = Math.ceil(diskBytes / chunkBytes);
    const slots = Uint32Array.from({ length: slotCount }, (_, slot) => {
      const pick = picks[slot % Math.max(1, picks.length)] ?? -1;
      return pick < 0 ? HOLE : pick % raws.length;
    });
    const chunks = raws.map((raw, blob) => ({
      raw: Buffer.from(raw).toString('hex'),
      blob,
      storedLength: slotLength({ diskBytes, chunkBytes }, slotCount - 1),
      offset: 0,
    }));
    return { diskBytes, chunkBytes, packed: false, blobCount: chunks.length, slots, chunks };
  });

describe('disk index', () => {
  it('is the binary form of the specification', async () => {
    const expected = await python(PYTHON_INDEX);
    expect(encodeDiskIndex(EXAMPLE).toString('hex')).toBe(expected);
    expect(decodeDiskIndex(Buffer.from(expected, 'hex'))).toEqual(EXAMPLE);
  });

  it('has the content digest of the specification', async () => {
    expect(contentDigest(EXAMPLE)).toBe(await python(PYTHON_CONTENT));
  });

  it.each([
    { why: 'wrong magic', at: 0, value: 0x44, says: /magic/ },
    { why: 'another header length', at: 8, value: 72, says: /header length/ },
    { why: 'unknown flags', at: 12, value: 2, says: /flags/ },
    {
      why: 'a disk size that is no whole number of sectors',
      at: 16,
      value: 513,
      says: /disk size/,
    },
    { why: 'a disk of more than 4 TiB', at: 21, value: 0x10, says: /disk size/ },
    { why: 'a disk size beyond exact numbers', at: 20, value: 0xffff_ffff, says: /disk size/ },
    { why: 'a chunk size that is no power of two', at: 24, value: 3 * MIB, says: /chunk size/ },
    { why: 'chunks too small', at: 24, value: 65_536, says: /chunk size/ },
    { why: 'chunks too large', at: 24, value: 32 * MIB, says: /chunk size/ },
    { why: 'slots that do not cover the disk', at: 28, value: 4, says: /slots/ },
    {
      why: 'a chunk count that would fill the memory',
      at: 32,
      value: 0xffff_fff0,
      says: /truncated/,
    },
    { why: 'fewer blobs than chunks', at: 36, value: 2, says: /blobs/ },
    { why: 'reserved bytes in use', at: 60, value: 1, says: /reserved/ },
    { why: 'a chunk ordinal out of range', at: 64, value: 3, says: /chunk ordinal/ },
    { why: 'a blob ordinal out of range', at: 84 + 32, value: 3, says: /blob ordinal/ },
    { why: 'a chunk in the blob of another', at: 84 + 32, value: 1, says: /own/ },
    { why: 'an offset without packs', at: 84 + 40, value: 8, says: /own/ },
    { why: 'a chunk longer than its content', at: 84 + 36, value: 5 * MIB, says: /stored length/ },
    { why: 'a last chunk longer than its slot', at: 180 + 36, value: MIB, says: /stored length/ },
  ])('refuses $why', ({ at, value, says }) => {
    const bytes = encodeDiskIndex(EXAMPLE);
    bytes.writeUInt32LE(value, at);
    expect(() => decodeDiskIndex(bytes)).toThrow(says);
  });

  it('refuses every truncation and any trailing byte', () => {
    const bytes = encodeDiskIndex(EXAMPLE);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeDiskIndex(bytes.subarray(0, length))).toThrow(/disk index/);
    }
    expect(() => decodeDiskIndex(Buffer.concat([bytes, Buffer.alloc(1)]))).toThrow(/trailing/);
  });

  it('reads what it wrote, for any disk', () => {
    fc.assert(
      fc.property(validIndex, (index) => {
        expect(decodeDiskIndex(encodeDiskIndex(index))).toEqual(index);
      }),
    );
  });

  it('answers any damage with a failure, or with an index whose ordinals are in range', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 });
    fc.assert(
      fc.property(validIndex, damage, fc.nat(64), (index, bytes, cut) => {
        const encoded = encodeDiskIndex(index);
        for (const [at, value] of bytes) encoded[at % encoded.length] = value;
        try {
          const { slots, chunks } = decodeDiskIndex(encoded.subarray(0, encoded.length - cut));
          expect([...slots].every((n) => n === HOLE || n < chunks.length)).toBe(true);
        } catch (error) {
          expect(isFailure(error)).toBe(true);
        }
      }),
      property(5000),
    );
  });
});
