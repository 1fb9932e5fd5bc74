import type { Store } from '../storage/store.ts';
import { badRequest, expired, tooNew } from '../model/errors.ts';

/** Reads a resourceVersion; undefined for none and for 0, which ask for nothing in particular. */
export function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined || text === '' || text === '0') return undefined;
  const revision = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(revision)) {
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return revision;
}

/** Refuses revisions that are no longer, or not yet, known here. */
export function assertKnown(store: Store, revision: number): void {
  if (revision > store.head) throw tooNew(revision, store.head);
  if (revision < store.compacted) {
    throw expired(`too old resource version: ${revision} (${store.compacted})`);
  }
}
