import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import type { AddCommand } from '../cli/context.ts';
import { work } from '../jobs/worker.ts';
import { jobTools } from './job-tools.ts';

const HELP = `
Runs one job in this process, as controllers run them in processes of their own. The specification is one
line of JSON; progress, and the result or the failure, come as lines of JSON on standard output. A job
may be ended at any instant and run again. Ending standard input ends the job.

Exit code: 0 done, 1 failed, 2 wrong usage.

Example:
  lamina job convert.json
  with {"kind":"convert","source":{"path":"a.qcow2","format":"qcow2"},"target":{"path":"a.raw","format":"raw"}}`;

/** `lamina job` */
export const jobCommand: AddCommand = (program, context, finish) => {
  program
    .command('job')
    .description('Run one job from its specification.')
    .argument('<file>', 'file with the specification, - for standard input')
    .addHelpText('after', HELP)
    .action(async (file: string) => {
      const kit = await jobTools(process.cwd());
      const input = file === '-' ? context.stdin : keptOpen(file);
      finish(
        await work({ input, output: context.stdout, debug: context.stderr, tools: kit.tools }),
      );
      await kit.close();
    });
};

/** A job ends when its input does; that of a file must not. */
function keptOpen(file: string) {
  const input = new PassThrough();
  const from = createReadStream(file);
  from.on('error', (error) => input.destroy(error));
  from.on('end', () => input.write('\n'));
  from.pipe(input, { end: false });
  return input;
}
