import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { promisify } from 'node:util';
import { ZSTD_LEVEL } from './names.ts';

const compressAsync = promisify(zstdCompress);
const decompressAsync = promisify(zstdDecompress);

/** Largest window we accept: that of the largest chunk. More would let a frame ask for memory. */
const WINDOW_LOG_MAX = 24;

/** Limits for any zstd decoder that reads from the store. */
export const DECODER_PARAMS = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX } as const;

/** One zstd frame with the content size in its header. Runs on a thread of libuv. */
export function compressFrame(raw: Uint8Array): Promise<Buffer> {
  return compressAsync(raw, {
    // One output buffer that always suffices (zstd's own bound) spares a hand-over each 16 KiB.
    chunkSize: raw.length + (raw.length >> 8) + 1024,
    pledgedSrcSize: raw.length,
    params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL },
  });
}

function decoder(rawLength: number) {
  return { chunkSize: rawLength + 64, maxOutputLength: rawLength, params: DECODER_PARAMS };
}

/** The content of a frame; throws as soon as it exceeds the declared length. */
export function decompressFrame(frame: Uint8Array, rawLength: number): Promise<Buffer> {
  return decompressAsync(frame, decoder(rawLength));
}

/** The same for readers that cannot wait. */
export function decompressFrameSync(frame: Uint8Array, rawLength: number): Buffer {
  return zstdDecompressSync(frame, decoder(rawLength));
}
