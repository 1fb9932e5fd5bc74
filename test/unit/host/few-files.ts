/*
 * A process that has no descriptor left for a moment, and must live on. Run as a child with a low limit:
 * FOLDER. Prints what its parts said meanwhile, and afterwards.
 */
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { failureData } from '../../../src/core/failure.ts';
import { guardChildren } from '../../../src/host/children.ts';
import { run } from '../../../src/host/run.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { startDetached } from '../../../src/host/detached.ts';
import { silentLog } from '../../../src/host/log.ts';
import { startChild } from '../../../src/jobs/child.ts';
import { GitRepository } from '../../../src/sources/git-repository.ts';
import { PATIENCE_MS } from '../../support/until.ts';

const [folder = ''] = process.argv.slice(2);
const signal = AbortSignal.timeout(PATIENCE_MS);
const worker = { store: join(folder, 'store'), work: join(folder, 'work') };
guardChildren();
const git = () =>
  new GitRepository(
    join(folder, 'git'),
    { url: 'https://127.0.0.1:1/a.git', protocol: 'https' } as never,
    process.env,
  );

const job = () =>
  startChild('test', { kind: 'copy' } as never, {
    nodePath: process.execPath,
    workerPath: join(import.meta.dirname, '../../../src/main/worker.ts'),
    worker,
    clock: systemClock,
    log: silentLog,
    memoryMb: 512,
    timeoutMs: PATIENCE_MS,
    env: {},
    onProgress: () => undefined,
  });

/** What each part says: the code of its failure, or that it went well. */
async function codes(): Promise<readonly string[]> {
  const parts: readonly (() => Promise<unknown>)[] = [
    () => run('true', []),
    () => startDetached('true', [], join(folder, 'log')),
    () => git().fetch(signal),
  ];
  const told: string[] = [];
  for (const part of parts) {
    told.push(
      await part().then(
        () => 'well',
        (error: unknown) => failureData(error).code,
      ),
    );
  }
  const end = await job().ended;
  told.push(end?.code ?? 'well');
  return told;
}

await codes();
const held: number[] = [];
try {
  for (;;) held.push(openSync('/dev/null', 'r'));
} catch {
  // None is left.
}
const none = await codes();
const few: (readonly string[])[] = [];
while (few.length < 11) {
  closeSync(held.pop() ?? -1);
  few.push(await codes());
}
for (const file of held) closeSync(file);
process.stdout.write(JSON.stringify({ none, few, afterwards: await codes() }));
