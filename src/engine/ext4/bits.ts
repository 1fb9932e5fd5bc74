import { damaged } from './failures.ts';

/** A 64-bit number from its two halves; more than 2^53 is damage in every field of ext4. */
export function wide(high: number, low: number): number {
  const value = high * 2 ** 32 + low;
  if (!Number.isSafeInteger(value)) throw damaged('a 64-bit number is absurdly large');
  return value;
}

const ZEROS = Buffer.alloc(2 ** 16);

/** True if up to 64 KiB hold nothing but zeros. */
export function isZero(bytes: Uint8Array): boolean {
  return ZEROS.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}
