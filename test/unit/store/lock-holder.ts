/* Child process of the lock test: adds one to a counter, N times, each time under the lock. */
import { readFile, writeFile } from 'node:fs/promises';
import { systemClock } from '../../../src/host/clock.ts';
import { layoutOf } from '../../../src/store/layout.ts';
import { StoreLock } from '../../../src/store/lock.ts';

const [root = '', counter = '', times = '0', dies = ''] = process.argv.slice(2);
const lock = new StoreLock(layoutOf(root), systemClock);
for (let i = 0; i < Number(times); i += 1) {
  await lock.hold(async () => {
    const value = Number(await readFile(counter, 'utf8'));
    await systemClock.sleep(1);
    await writeFile(counter, String(value + 1));
    if (dies === 'dies') process.kill(process.pid, 'SIGKILL');
  });
}
