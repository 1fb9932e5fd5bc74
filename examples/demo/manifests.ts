import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const EXAMPLES = join(import.meta.dirname, '../local');
const PLACEHOLDER = '0'.repeat(64);

/** The examples with the digest of the disk filled in. */
export async function manifests(sha256: string): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(EXAMPLES, name), 'utf8');
      return [name, text.replace(PLACEHOLDER, sha256)] as const;
    }),
  );
  return new Map(texts);
}

/** Writes manifests into a folder. */
export async function writeManifests(
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of files) await writeFile(join(folder, name), text);
}
