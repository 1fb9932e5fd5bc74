import { work } from '../jobs/worker.ts';
import { jobTools } from './job-tools.ts';

/* The process of one job: its specification comes on standard input, its lines go to standard output. */
const kit = await jobTools(process.cwd());
process.exitCode = await work({
  input: process.stdin,
  output: process.stdout,
  debug: process.stderr,
  tools: kit.tools,
});
await kit.close();
