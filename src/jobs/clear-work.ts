import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFailure } from '../core/failure.ts';
import { isMissing } from '../host/files.ts';
import { captureLock, holdAt } from './key-lock.ts';
import type { StoreTools } from './tools.ts';

/**
 * Names of compositions. Folders of the previous release are named by keys and left alone: disks of machines
 * that it made lie on them.
 */
const COMPOSITION = /^c-[0-9a-f]{40}$/;

/** Something in the work folder that may be left over. */
interface Leftover {
  readonly folder: string;
  /** Name of the lock that is held by whoever works there. */
  readonly lock: string;
  readonly isNeeded: () => Promise<boolean>;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Removes one folder if nobody works in it and nothing needs it. */
async function removeIdle(
  { folder, lock, isNeeded }: Leftover,
  { places }: StoreTools,
): Promise<void> {
  if (await isNeeded()) return;
  const release = await holdAt(places.work, lock);
  try {
    // Looked at again: the one who held the lock may just have left its record.
    if (!(await isNeeded())) await rm(folder, { recursive: true, force: true });
  } finally {
    release();
  }
}

/** What a job has not ended is worth nothing. */
const unneeded = (): Promise<boolean> => Promise.resolve(false);

async function leftovers(
  keep: string | undefined,
  tools: StoreTools,
): Promise<readonly Leftover[]> {
  const { places, store } = tools;
  const within = async (name: string) => {
    const folder = join(places.work, name);
    return (await namesIn(folder)).map((item) => ({ item, folder: join(folder, item) }));
  };
  const compositions = (await within('composed'))
    .filter(({ item }) => item !== keep && COMPOSITION.test(item))
    .map(({ item, folder }) => {
      const isNeeded = async () => (await store.evidence.composed(item)) !== undefined;
      return { folder, lock: item, isNeeded };
    });
  const downloads = await within('download');
  const imports = await within('import');
  const scrubs = await within('scrub');
  return [
    ...compositions,
    ...downloads.map(({ item, folder }) => ({ folder, lock: item, isNeeded: unneeded })),
    ...imports.map(({ item, folder }) => ({
      folder,
      lock: `import-${item}`,
      isNeeded: unneeded,
    })),
    ...scrubs.map(({ item, folder }) => ({ folder, lock: captureLock(item), isNeeded: unneeded })),
  ];
}

/**
 * Clears the work folder: compositions whose records were forgotten, and what killed jobs left that nobody
 * began again. What somebody works on at this moment stays, and the composition that this job is about.
 * Nothing removes `base/` and `media/`.
 * Trouble here is nobody's: the next job tries again.
 */
export async function clearWork(keep: string | undefined, tools: StoreTools): Promise<void> {
  try {
    for (const leftover of await leftovers(keep, tools)) {
      try {
        await removeIdle(leftover, tools);
      } catch (error) {
        if (!isFailure(error)) throw error;
      }
    }
  } catch {
    // A folder that is too large is no reason to fail a job, and a full disk fails it by itself.
  }
}
