import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isMissing, writeFileAtomic } from '../../host/files.ts';

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * The bearer token kept in a file of mode 0600; made when it is missing or damaged. Deleting the file
 * locks out everybody who held it, from the next start on.
 */
export async function keptToken(path: string): Promise<string> {
  const kept = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  const found = kept.trim();
  if (TOKEN.test(found)) return found;
  const made = randomBytes(32).toString('base64url');
  await writeFileAtomic(path, `${made}\n`, 0o600);
  return made;
}
