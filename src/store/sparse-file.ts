import type { FileHandle } from 'node:fs/promises';

const PAGE = 4096;
const ZEROS = Buffer.alloc(PAGE);

/** Runs of pages that are not all zero, as offsets into `bytes`. */
function* dataRuns(bytes: Uint8Array): Generator<readonly [start: number, end: number]> {
  let start = -1;
  for (let at = 0; at < bytes.length; at += PAGE) {
    const page = bytes.subarray(at, at + PAGE);
    const zero = ZEROS.compare(page, 0, page.length, 0, page.length) === 0;
    if (zero && start >= 0) {
      yield [start, at];
      start = -1;
    } else if (!zero && start < 0) {
      start = at;
    }
  }
  if (start >= 0) yield [start, bytes.length];
}

/** Writes into a new file what is not zero; the rest stays a hole. */
export async function writeSparse(
  handle: FileHandle,
  position: number,
  bytes: Uint8Array,
): Promise<void> {
  for (const [start, end] of dataRuns(bytes)) {
    let at = start;
    while (at < end) {
      at += (await handle.write(bytes, at, end - at, position + at)).bytesWritten;
    }
  }
}
