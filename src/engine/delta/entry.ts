import type { Range, WantedMeta } from '../volume.ts';

/** Name of the marker that hides what lower layers have in its directory. */
export const OPAQUE_NAME = '.wh..wh..opq';

/** What the name of a marker begins with that removes the name after it. */
export const WHITEOUT_PREFIX = '.wh.';

/** One change of a layer without its bytes. Paths are absolute and normalized. */
export type DeltaChange =
  | {
      readonly op: 'put';
      readonly path: string;
      readonly meta: WantedMeta;
      readonly sizeBytes: number;
    }
  /** A further name of something that this layer has put under an earlier path. */
  | { readonly op: 'link'; readonly path: string; readonly to: string }
  /** Removes `path` as the layers below have it. */
  | { readonly op: 'whiteout'; readonly path: string }
  /** Hides everything that the layers below have inside the directory `path`. */
  | { readonly op: 'opaque'; readonly path: string };

/** A change to write; only files have content, of exactly `sizeBytes` if it has no holes. */
export interface DeltaItem {
  readonly change: DeltaChange;
  /** Runs of a file with holes, ascending and apart; content gives their bytes only. */
  readonly data?: () => readonly Range[] | undefined;
  readonly content?: () => Iterable<Uint8Array>;
}

/** A change as read. Content not taken before the next change is asked for is skipped. */
export interface ReadItem {
  readonly change: DeltaChange;
  /** Runs that content gives the bytes of, where the file has holes. */
  readonly data?: readonly Range[];
  readonly content: AsyncIterable<Uint8Array>;
}
