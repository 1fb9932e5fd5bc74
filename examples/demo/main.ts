import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runDemo } from './demo.ts';
import { endMachines } from './end-machines.ts';

const folder = await mkdtemp(join(tmpdir(), 'lamina-demo-'));
try {
  await runDemo(folder, (line) => process.stdout.write(`${line}\n`));
} finally {
  await endMachines(folder);
  await rm(folder, { recursive: true, force: true });
}
