import { Option } from 'commander';
import type { AddCommand } from '../cli/context.ts';
import { durationArgument, listenArgument, namespaceArgument } from '../cli/arguments.ts';
import { LOG_LEVELS, type LogLevel } from '../host/log.ts';
import { logOf, untilAborted } from './serving.ts';
import type { Running, UpOptions } from './up.ts';

interface Flags {
  readonly data: string;
  readonly listen: UpOptions['listen'];
  readonly importRoot?: string;
  readonly allowLocalMedia?: boolean;
  readonly source?: string;
  readonly poll: number;
  readonly namespace: string;
  readonly logLevel: LogLevel;
}

const HELP = `
Serves the Kubernetes API from this process and runs all controllers. Writes DIR/kubeconfig (mode 0600) before
it prints "ready", so any kubectl works. Logs go to standard error as JSON lines.

With --source, a directory or a branch of a git repository is kept applied: what is new or changed is applied, what
is gone is removed, and nothing at all happens while one document is bad. The variable GIT_SSL_CAINFO names a file with
the certificate authority of the repository's server, if the system does not know it.

Machines that a person works in go on when this program ends, and are found again when it starts.

Examples:
  lamina up --data ~/lamina
  lamina up --data ~/lamina --import-root ~/disks --source ./images
  lamina up --data ~/lamina --source https://git.example/images.git#main:layers`;

async function begin(options: UpOptions): Promise<Running> {
  const { up } = await import('./up.ts');
  return up(options);
}

/** `lamina up` */
export const upCommand: AddCommand = (program, context, finish) => {
  program
    .command('up')
    .description('Serve the API and run everything, on one machine.')
    .requiredOption('--data <dir>', 'where everything is kept; made if it is missing')
    .addOption(
      new Option(
        '--listen <host:port>',
        'where to serve; port 0 takes that of the last run, or any free one',
      )
        .argParser(listenArgument)
        .default({ host: '127.0.0.1', port: 0 }, '127.0.0.1:0'),
    )
    .option('--import-root <dir>', 'allow import.disk.file below this folder')
    .option('--allow-local-media', 'let media come from this machine and from link-local addresses')
    .option('--source <dir|url>', 'directory or URL[#branch[:folder]] to keep applied')
    .addOption(
      new Option('--poll <duration>', 'how often a repository is looked at')
        .argParser(durationArgument(1000))
        .default(30_000, '30s'),
    )
    .option(
      '-n, --namespace <name>',
      'namespace of manifests that name none',
      namespaceArgument,
      'default',
    )
    .addOption(
      new Option('--log-level <level>', 'least important lines that are written')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const { data: dataDir, namespace, importRoot, source, logLevel: level } = flags;
      const { allowLocalMedia = false } = flags;
      // The other commands begin sooner without all of it.
      const starting = begin({
        dataDir,
        namespace,
        allowLocalMedia,
        listen: flags.listen,
        pollMs: flags.poll,
        log: logOf(context, level),
        ...(importRoot === undefined ? {} : { importRoot }),
        ...(source === undefined ? {} : { source }),
      });
      await untilAborted(
        starting,
        context,
        ({ url, kubeconfig }) => `${url} KUBECONFIG=${kubeconfig}`,
      );
      finish(0);
    });
};
