import { LineSplitter } from '../../../src/core/lines.ts';
import { describe, expect, it } from '../../support/runner.ts';

const bytes = (...chunks: readonly string[]) => chunks.map((chunk) => Buffer.from(chunk));

describe('lines', () => {
  it.each([
    { why: 'come in pieces', chunks: bytes('a', 'b\nc', '\nd\n', 'e'), want: ['ab', 'c', 'd'] },
    {
      why: 'have characters that are split between chunks',
      chunks: [Buffer.from('ä\n').subarray(0, 1), Buffer.from('ä\n').subarray(1)],
      want: ['ä'],
    },
    { why: 'are empty', chunks: bytes('\n\n'), want: ['', ''] },
    { why: 'are as long as the bound', chunks: bytes('1234', '5678\n'), want: ['12345678'] },
    { why: 'are longer, in one chunk', chunks: bytes('123456789\nb\n'), want: ['b'] },
    { why: 'are longer, over many chunks', chunks: bytes('12345678', '9', '0\nb\n'), want: ['b'] },
  ])('$why', ({ chunks, want }) => {
    const splitter = new LineSplitter(8);
    expect(chunks.flatMap((chunk) => splitter.push(chunk))).toEqual(want);
  });

  it('tell once that one is too long', () => {
    let told = 0;
    const splitter = new LineSplitter(8, () => (told += 1));
    for (const chunk of bytes('12345678', '9', '0', '1')) splitter.push(chunk);
    expect(told).toBe(1);
  });

  it('are half until their newline comes', () => {
    const splitter = new LineSplitter(8);
    splitter.push(Buffer.from('a\nb'));
    expect(splitter.isHalf).toBe(true);
    splitter.push(Buffer.from('\n'));
    expect(splitter.isHalf).toBe(false);
  });
});
