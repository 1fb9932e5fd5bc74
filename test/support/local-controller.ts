/* A controller to be killed: lives one machine's life over and over, until it is. */
import { localConnector } from '../../src/connectors/local/connector.ts';
import { systemClock } from '../../src/host/clock.ts';
import { startDetached } from '../../src/host/detached.ts';
import { silentLog } from '../../src/host/log.ts';
import { run } from '../../src/host/run.ts';

const [machinesDir = '', runDir = '', path = '', key = ''] = process.argv.slice(2);
const { signal } = new AbortController();
const connector = localConnector({
  machinesDir,
  runDir,
  installId: 'this-installation',
  spec: { memory: '64Mi' },
  run,
  start: startDetached,
  clock: systemClock,
  log: silentLog,
  hypervisor: () => Promise.resolve({ accelerator: 'tcg', sandbox: true }),
});
process.stdout.write('ready\n');
for (;;) {
  await connector.putDisk(key, { path, format: 'raw', sizeBytes: 2 ** 20 }, signal);
  await connector.createMachine(key, { displayName: 'Doomed', purpose: 'packaging' }, signal);
  await connector.power(key, 'on', signal);
  await connector.power(key, 'off', signal);
  await connector.snapshot(key, 'one', signal);
  await connector.deleteMachine(key, signal);
  await connector.deleteDisk(key, signal);
}
