import { isUtf8 } from 'node:buffer';
import { badName, damaged } from './failures.ts';

/** Bytes for people: printable ASCII as it is, everything else as \xNN. */
export function escapeBytes(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`,
    )
    .join('');
}

/** A name as text. Layers are UTF-8 throughout, so anything else is refused with its place. */
export function decodeName(bytes: Buffer, place: () => string): string {
  if (bytes.includes(0) || bytes.includes(0x2f)) {
    throw damaged(`${place()} holds a name with a slash or a zero byte: ${escapeBytes(bytes)}`);
  }
  if (!isUtf8(bytes)) {
    throw badName(`the name ${place()}/${escapeBytes(bytes)} is not UTF-8`);
  }
  return bytes.toString('utf8');
}
