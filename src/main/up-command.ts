import { once } from 'node:events';
import type { AddCommand } from '../cli/context.ts';
import { badArgument } from '../cli/print.ts';
import { parseDuration } from '../core/duration.ts';
import { jsonLog, type LogLevel } from '../host/log.ts';
import { up } from './up.ts';

interface Flags {
  readonly data: string;
  readonly listen: string;
  readonly importRoot?: string;
  readonly allowLocalMedia?: boolean;
  readonly source?: string;
  readonly poll: string;
  readonly namespace: string;
  readonly logLevel: LogLevel;
}

const HELP = `
Serves the Kubernetes API from this process and runs all controllers. Writes DIR/kubeconfig (mode 0600) before
it prints "ready", so any kubectl works. Logs go to standard error as JSON lines.

With --source, a directory or a branch of a git repository is kept applied: what is new or changed is applied, what
is gone is removed, and nothing at all happens while one document is bad.

Machines that a person works in go on when this program ends, and are found again when it starts.

Examples:
  lamina up --data ~/lamina
  lamina up --data ~/lamina --import-root ~/disks --source ./images
  lamina up --data ~/lamina --source https://git.example/images.git#main:layers`;

function parseListen(text: string): { host: string; port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) throw badArgument('give HOST:PORT');
  return { host: match[1].replaceAll(/[[\]]/g, ''), port };
}

/** `lamina up` */
export const upCommand: AddCommand = (program, context, finish) => {
  program
    .command('up')
    .description('Serve the API and run everything, on one machine.')
    .requiredOption('--data <dir>', 'where everything is kept; made if it is missing')
    .option('--listen <host:port>', 'where to serve; port 0 takes any free one', '127.0.0.1:0')
    .option('--import-root <dir>', 'allow import.disk.file below this folder')
    .option('--allow-local-media', 'let media come from this machine and from link-local addresses')
    .option('--source <dir|url>', 'directory or URL[#branch[:folder]] to keep applied')
    .option('--poll <duration>', 'how often a repository is looked at', '30s')
    .option('-n, --namespace <name>', 'namespace of manifests that name none', 'default')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const { data: dataDir, namespace, importRoot, source, logLevel: level } = flags;
      const { allowLocalMedia = false } = flags;
      const running = await up({
        dataDir,
        namespace,
        allowLocalMedia,
        listen: parseListen(flags.listen),
        pollMs: parseDuration(flags.poll),
        log: jsonLog(
          (line) => context.stderr.write(line),
          () => context.clock.now(),
          { level },
        ),
        ...(importRoot === undefined ? {} : { importRoot }),
        ...(source === undefined ? {} : { source }),
      });
      context.stdout.write(`ready ${running.url} KUBECONFIG=${running.kubeconfig}\n`);
      if (!context.signal.aborted) await once(context.signal, 'abort');
      await running.close();
      finish(0);
    });
};
