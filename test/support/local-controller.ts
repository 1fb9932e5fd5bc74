/*
 * A process to be killed: a job that reads a disk, or a controller and its jobs, which live one
 * machine's life over and over.
 */
import { localPlatform } from '../../src/connectors/local/platform.ts';
import { systemClock } from '../../src/host/clock.ts';
import { localOptions } from './local-platform.ts';

const [machinesDir = '', runDir = '', installId = '', path = '', key = '', does = 'lives'] =
  process.argv.slice(2);
const { signal } = new AbortController();
const platform = localPlatform(localOptions({ machinesDir, runDir, installId }));
const place = { spec: { memory: '64Mi' }, credential: {} };
const transfer = platform.transfer(place);
const options = { signal, progress: () => undefined };
if (does === 'reads') {
  const held = await transfer.download({ of: 'machine', key }, '/none', options);
  process.stdout.write('reads\n');
  for (;;) await systemClock.sleep(held.roots.length * 1_000);
}
const connector = platform.open(place).connector(place.spec);
const disk = {
  path,
  format: 'raw',
  sizeBytes: 2 ** 20,
  composition: 'c-of-the-tiny-guest',
} as const;
process.stdout.write('ready\n');
for (;;) {
  await transfer.upload(key, disk, options);
  await connector.createMachine(key, { displayName: 'Doomed', purpose: 'packaging' }, signal);
  await connector.power(key, { to: 'on', after: undefined }, signal);
  await connector.power(key, { to: 'off' }, signal);
  await transfer.copy(key, 'one', { ...options, check: () => Promise.resolve() });
  await connector.deleteMachine(key, signal);
  await connector.deleteDisk(key, signal);
}
