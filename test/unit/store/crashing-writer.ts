/*
 * A writer that dies in the middle: `kill -9` before its n-th call that changes a file. Run as a
 * child process: FOLDER VERB KILL_AT, where 0 lets it live. Prints the number of calls it made.
 */
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const [folder = '', verb = '', killAt = '0'] = process.argv.slice(2);
let calls = 0;

function count(): void {
  calls += 1;
  if (calls === Number(killAt)) process.kill(process.pid, 'SIGKILL');
}

type Call = (...args: unknown[]) => unknown;
const patched = files as unknown as Record<string, Call>;
for (const name of ['open', 'rename', 'link', 'rm', 'utimes', 'mkdir']) {
  const original = patched[name];
  if (original === undefined) continue;
  patched[name] = (...args) => {
    count();
    return original(...args);
  };
}
const probe = await files.open('/dev/null');
const handle = Object.getPrototypeOf(probe) as Record<string, Call>;
await probe.close();
for (const name of ['write', 'writeFile', 'sync', 'truncate']) {
  const original = handle[name];
  if (original === undefined) continue;
  handle[name] = function (this: unknown, ...args) {
    count();
    return original.apply(this, args);
  };
}
syncBuiltinESMExports();

const { layerNamed, memoryDisk, noise, storeIn } = await import('./fixtures.ts');
const { Readable } = await import('node:stream');

/** Four chunks, one of them a hole, one compressible, one short. */
const bytes = Buffer.concat([
  noise(1, 4 * 2 ** 20),
  Buffer.alloc(4 * 2 ** 20),
  Buffer.alloc(4 * 2 ** 20, 'abc'),
  noise(2, 512 * 99),
]);

const store = await storeIn(folder);
const put = () => store.putDisk({ disk: memoryDisk(bytes), layer: layerNamed('1') });
if (verb === 'disk') await put();
if (verb === 'many') {
  for (let i = 0; i < 12; i += 1) {
    const version = i === 6 ? 'shared' : `${process.pid}-${i}`;
    const disk = memoryDisk(noise(version === 'shared' ? 0 : process.pid % 256, 512 * (i + 1)));
    await store.putDisk({ disk, layer: layerNamed(version) });
  }
}
if (verb === 'delta') {
  const base = await put();
  await store.putDelta({
    tar: Readable.from([bytes]),
    layer: layerNamed('1', 'app'),
    base,
    requires: [],
    stats: { files: 1 },
  });
}
if (verb === 'materialize') await store.materialize(await put(), join(folder, 'out.raw'));
process.stdout.write(String(calls));
