import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { denied } from '../core/failure.ts';

/**
 * A folder for sockets, whose paths must be short. It is named by the folder that it serves, so that
 * machines which outlive us are found again, and nobody else may have made it.
 */
export async function runFolder(served: string): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const name = createHash('sha256').update(served).digest('hex').slice(0, 12);
  const folder = join('/tmp', `lamina-${uid}-${name}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const found = await lstat(folder);
  if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) return folder;
  const hint = `Find out who made ${folder}, and remove it.`;
  throw denied('ForeignFolder', `${folder} belongs to somebody else`, hint);
}
