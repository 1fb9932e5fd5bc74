import { access, chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../host/files.ts';
import type { JobPlaces } from '../jobs/spec.ts';
import type { Workplace } from '../reconcilers/ports.ts';

/** The work folder of one machine. */
export function workplace(places: JobPlaces, importRoot: string | undefined): Workplace {
  const folder = (key: string) => join(places.work, 'composed', key);
  return {
    places,
    importRoot,
    hasComposed: async (key) => {
      try {
        await access(folder(key));
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    },
    discardComposed: (key) => rm(folder(key), { recursive: true, force: true }),
  };
}

/** Makes the folders of a data directory; nobody else on the machine may look into them. */
export async function makeFolders(root: string, names: readonly string[]): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  await chmod(root, 0o700);
  for (const name of names) await mkdir(join(root, name), { recursive: true });
}
