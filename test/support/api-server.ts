/*
 * The embedded API alone, without controllers, in a process of its own: what others talk to over TLS.
 * `node api-server.ts DIR` writes DIR/kubeconfig, says so in one line, and serves until it is told to stop.
 */
import { once } from 'node:events';
import { openApiServer } from '../../src/apiserver/server.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';

const server = await openApiServer({
  dataDir: process.argv[2] ?? '',
  listen: { host: '127.0.0.1', port: 0 },
  clock: systemClock,
  random: Math.random,
  log: silentLog,
  version: '0.0.0',
});
process.stdout.write('ready\n');
await once(process, 'SIGTERM');
await server.close();
