import { readFile } from 'node:fs/promises';
import { denied } from '../core/failure.ts';
import { isMissing, writeFileAtomic } from '../host/files.ts';
import { layoutOf } from '../store/layout.ts';

async function textIn(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/**
 * Refuses a store that is not the one of the last start, before anything is made in it: one that is not
 * mounted or was taken away would be made anew, and then every layer. All keys follow from its id.
 */
export async function checkSameStore(folder: string, idFile: string): Promise<void> {
  const known = await textIn(idFile);
  const found = await textIn(layoutOf(folder).installId);
  if (known === undefined || known === found) return;
  const what =
    found === undefined ? 'holds no store' : `is the store of another installation (${found})`;
  throw denied(
    'StoreReplaced',
    `${folder} ${what}, but this installation was started with ${known}`,
    `Mount or restore the store; to begin with nothing, remove ${idFile}.`,
  );
}

/** Remembers whose store it is, so that the next start finds out if it is gone. */
export async function rememberStore(idFile: string, installId: string): Promise<void> {
  if ((await textIn(idFile)) !== installId) await writeFileAtomic(idFile, `${installId}\n`, 0o600);
}
