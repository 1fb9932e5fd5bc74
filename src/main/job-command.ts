import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { AddCommand, CliContext } from '../cli/context.ts';
import { impossible } from '../core/failure.ts';
import { isMissing } from '../host/files.ts';
import { work } from '../jobs/worker.ts';
import type { WorkerConfig } from '../jobs/worker-config.ts';
import { jobTools } from './job-tools.ts';

const HELP = `
Runs one job in this process, as controllers run them in processes of their own: on the store, the work
folder and the machines of a data directory. The specification is one line of JSON; progress, and in the end
"done" or the failure, come as lines of JSON on standard output. What the job made is found in the store or
on the platform. A job may be ended at any instant and run again. Ending standard input ends the job.

Exit code: 0 done, 1 failed, 2 wrong usage.

Example:
  lamina job --data ./data publish.json
  with {"kind":"copy","key":"lamina-sales-prod-3f9a01bc","revision":"7f3a9c2",
        "connector":{"namespace":"default","name":"here","location":"sha256:..."}} on one line`;

interface Flags {
  readonly data: string;
  readonly importRoot?: string;
  readonly allowLocalMedia?: boolean;
}

/** `lamina job` */
export const jobCommand: AddCommand = (program, context, finish) => {
  program
    .command('job')
    .description('Run one job from its specification.')
    .argument('<file>', 'file with the specification, - for standard input')
    .requiredOption('--data <dir>', 'data directory of `lamina up`')
    .option('--import-root <dir>', 'allow imports of files below this folder')
    .option('--allow-local-media', 'let media come from this machine and from link-local addresses')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: Flags) => {
      finish(
        await work({
          input: inputOf(file, context),
          output: context.stdout,
          debug: context.stderr,
          open: async () => {
            const { workerPlatforms } = await import('./worker-platforms.ts');
            return jobTools(await configOf(flags), workerPlatforms);
          },
        }),
      );
    });
};

async function folderOf(data: string): Promise<string> {
  try {
    return await realpath(data);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw impossible('NoDataDirectory', `there is no folder ${data}`, 'Name that of `lamina up`.');
  }
}

async function configOf({
  data,
  importRoot,
  allowLocalMedia = false,
}: Flags): Promise<WorkerConfig> {
  const dataDir = await folderOf(data);
  return {
    store: join(dataDir, 'store'),
    work: join(dataDir, 'work'),
    machines: join(dataDir, 'machines'),
    kubeconfig: join(dataDir, 'kubeconfig'),
    allowLocalMedia,
    ...(importRoot === undefined ? {} : { importRoot }),
  };
}

/** A job ends when its input does: that of a file must not, and that of a program that is to end must. */
function inputOf(file: string, { stdin, signal }: Pick<CliContext, 'stdin' | 'signal'>) {
  const input = new PassThrough();
  signal.addEventListener('abort', () => input.end(), { once: true });
  if (file === '-') return stdin.pipe(input);
  const from = createReadStream(file);
  from.on('error', (error) => input.destroy(error));
  from.on('end', () => input.write('\n'));
  return from.pipe(input, { end: false });
}
