/*
 * `lamina up` with a far platform beside this host, and with jobs that share nothing with it but store,
 * platforms and a credential of the API: `node up.ts WORK up --data DIR --import-root DIR`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { jsonLog } from '../../../src/host/log.ts';
import { up } from '../../../src/main/up.ts';
import { secondRunner } from '../second-runner.ts';
import { FAR_VARIABLE, withFar } from './platforms.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, 'import-root': { type: 'string' } },
});
const [work = ''] = positionals;
const { data: dataDir = '', 'import-root': importRoot = '' } = values;
const workerPath = join(import.meta.dirname, 'worker.ts');

const running = await up({
  dataDir,
  importRoot,
  namespace: 'default',
  listen: { host: '127.0.0.1', port: 0 },
  pollMs: 30_000,
  log: jsonLog(
    (line) => process.stderr.write(line),
    () => Date.now(),
    { level: 'info' },
  ),
  platforms: (local, installId) => withFar(local, installId, join(dataDir, 'work')),
  runner: ({ worker, env = {}, ...options }) => {
    const far = process.env[FAR_VARIABLE] ?? '{}';
    return secondRunner(worker, work, {
      ...options,
      workerPath,
      env: { ...env, [FAR_VARIABLE]: far },
    });
  },
});
process.stdout.write('ready\n');
process.once('SIGTERM', () => void running.close());
