import { codeOf } from '../../core/failure.ts';
import { chmod, link, open } from 'node:fs/promises';
import { signalOf, type EngineTools } from '../tools.ts';

const COPY_MS = 6 * 3_600_000;

/** Where no second name can be given: another file system, too many names, none at all. */
const NO_LINK: ReadonlySet<unknown> = new Set([
  'EXDEV',
  'EMLINK',
  'EPERM',
  'ENOTSUP',
  'EOPNOTSUPP',
]);

function cannotLink(error: unknown): boolean {
  return NO_LINK.has(codeOf(error));
}

/** Gives a read-only disk a second name; where the file system cannot, makes a copy that shares its blocks. */
export async function linkBase(from: string, to: string, tools: EngineTools): Promise<void> {
  try {
    await link(from, to);
    return;
  } catch (error) {
    if (!cannotLink(error)) throw error;
  }
  await tools.run('cp', ['--reflink=auto', '--sparse=always', '--', from, to], {
    timeoutMs: COPY_MS,
    ...signalOf(tools),
  });
  const handle = await open(to, 'r');
  await handle.sync();
  await handle.close();
  await chmod(to, 0o444);
}
