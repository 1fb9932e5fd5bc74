import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isFailure } from '../../../core/failure.ts';
import { requireRoom } from '../../../host/room.ts';
import type { Run } from '../../../host/run.ts';
import { damaged } from '../failures.ts';
import { doesNotFit, writeFailed } from './failures.ts';

/** What running the programs of e2fsprogs on a copy of the metadata needs. */
export interface Tools {
  readonly run: Run;
  /** Folder of the copy and of the scripts. */
  readonly folder: string;
  /** Name of the copy in that folder. */
  readonly image: string;
  readonly signal?: AbortSignal;
}

const OUTPUT_LIMIT = 64 * 2 ** 20;
const TIMEOUT_MS = 2 * 3_600_000;
const BANNER = /^debugfs \d+\.\d+/;
const NO_SPACE = /Could not allocate|No space|no free/i;

function options(tools: Tools) {
  const { folder, signal } = tools;
  const base = { cwd: folder, maxOutputBytes: OUTPUT_LIMIT, timeoutMs: TIMEOUT_MS };
  return signal === undefined ? base : { ...base, signal };
}

/** Runs one script. debugfs ends with 0 whatever happens, so each word on standard error counts. */
export async function runScript(tools: Tools, script: string, freeBytes: number): Promise<void> {
  await writeFile(join(tools.folder, 'script'), script);
  const { stderr } = await tools.run(
    'debugfs',
    ['-w', '-f', 'script', tools.image],
    options(tools),
  );
  // Where the folder is full, debugfs is silent about some of what it could not write, and of the rest
  // its words are those of a volume that is full.
  await requireRoom(tools.folder);
  const complaints = stderr.split('\n').filter((line) => line !== '' && !BANNER.test(line));
  if (complaints.length === 0) return;
  if (complaints.some((line) => NO_SPACE.test(line))) throw doesNotFit(undefined, freeBytes);
  throw writeFailed(`debugfs said: ${complaints.slice(0, 3).join('; ').slice(0, 1000)}`);
}

/** What e2fsck has to say against the copy; undefined for nothing. */
async function complaintsOf(tools: Tools): Promise<string | undefined> {
  const args = ['-f', '-n', tools.image];
  const okCodes = [0, 1, 2, 4, 5, 6, 7, 8, 12];
  try {
    const { code, stdout } = await tools.run('e2fsck', args, { ...options(tools), okCodes });
    return code === 0 ? undefined : stdout.slice(0, 2000);
  } catch (error) {
    if (isFailure(error) && error.code === 'ProgramTooChatty') return 'more than can be listed';
    throw error;
  }
}

/** Lets e2fsck look at the changed copy; anything that it would repair is a failure. */
export async function checkFileSystem(tools: Tools): Promise<void> {
  const complaints = await complaintsOf(tools);
  if (complaints !== undefined) throw writeFailed(`e2fsck found errors: ${complaints}`);
}

/** The same for a copy that nobody changed: the file system itself is damaged. */
export async function checkUnchanged(tools: Tools): Promise<void> {
  const complaints = await complaintsOf(tools);
  if (complaints !== undefined) throw damaged(`e2fsck found errors: ${complaints}`);
}
