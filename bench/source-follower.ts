/*
 * The embedded API and one source that it follows, in a process of its own: `node bench/source-follower.ts DIR SOURCE`
 * looks at a source twice, as `lamina up` does, and says in one line of JSON what that cost.
 */
import { join } from 'node:path';
import { openApiServer } from '../src/apiserver/server.ts';
import { systemClock } from '../src/host/clock.ts';
import { silentLog } from '../src/host/log.ts';
import { kubeClient } from '../src/kube/client.ts';
import { openSource } from '../src/main/open-source.ts';
import { startSource } from '../src/sources/source.ts';
import { peakMiB, processesBelow } from './support/process-stats.ts';

const LOOKS = 2;
const [dataDir = '', location = ''] = process.argv.slice(2);
const common = { clock: systemClock, random: Math.random, log: silentLog };

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

const listen = { host: '127.0.0.1', port: 0 };
const server = await openApiServer({ dataDir, listen, version: '0.0.0', ...common });
const cacheFolder = join(dataDir, 'source');
const source = openSource(location, { cacheFolder, namespace: 'default', log: silentLog });

let [stallMs, readerMiB, lastMs] = [0, 0, threadMs()];
setInterval(() => {
  const now = threadMs();
  stallMs = Math.max(stallMs, now - lastMs);
  lastMs = now;
}, 1);
setInterval(() => {
  readerMiB = Math.max(readerMiB, ...processesBelow(process.pid).map(peakMiB));
}, 20);

const startMiB = peakMiB(process.pid);
const start = performance.now();
const firstLook: number[] = [];
let looks = 0;
const running = startSource({
  name: 'bench',
  source: {
    read: async (signal) => {
      if (looks === 1) firstLook.push(performance.now() - start);
      if (looks === LOOKS) finish();
      looks += 1;
      return source.read(signal);
    },
  },
  client: kubeClient(server.handler),
  pollMs: 500,
  ...common,
});

function finish(): never {
  const [problem] = running.status().problems;
  const figures = {
    seconds: (firstLook[0] ?? 0) / 1000,
    stallMs,
    grownMiB: peakMiB(process.pid) - startMiB,
    readerMiB,
    problem: problem?.message ?? '',
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
  process.exit(0);
}
