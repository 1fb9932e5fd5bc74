import { Option } from 'commander';
import { listenArgument, namespaceArgument } from '../cli/arguments.ts';
import type { AddCommand } from '../cli/context.ts';
import { LOG_LEVELS, type LogLevel } from '../host/log.ts';
import type { ControllerOptions, RunningController } from './controller.ts';
import { logOf, untilAborted } from './serving.ts';

interface Flags {
  readonly data: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
  readonly importRoot?: string;
  readonly allowLocalMedia?: boolean;
  readonly leaderElect: boolean;
  readonly listen?: { readonly host: string; readonly port: number };
  readonly logLevel: LogLevel;
}

const HELP = `
Runs all controllers on the API of a cluster, from this machine or from a pod. Layers, jobs and machines of local
connectors are on this machine. Install crds/ and the rights in docs/rbac/ first; docs/cluster.md tells how.
Prints "ready" when the controllers run. Logs go to standard error as JSON lines.

The cluster is that of --kubeconfig, else of $KUBECONFIG, else that in which this pod runs, else of ~/.kube/config.
Plugins, OIDC and client certificates work as with kubectl, and credentials are renewed when they expire.

Of several controllers, one works: whoever holds the Lease lamina-controller, in the namespace that --namespace
names, else in kube-system. The others take over at most 20 seconds after it was killed, and 5 after it ended in
good order. All must be given the same --data. A controller that cannot keep the lease ends with exit code 1.

Examples:
  lamina controller --data /srv/lamina
  lamina controller --data /srv/lamina --namespace images --listen 0.0.0.0:8080`;

const LOST = 1;

async function begin(options: ControllerOptions): Promise<RunningController> {
  const { controller } = await import('./controller.ts');
  return controller(options);
}

/** Nothing is undone: another one may lead by now, and finds what was begun as after a crash. */
function endAtOnce(): void {
  process.exit(LOST);
}

/** `lamina controller` */
export const controllerCommand: AddCommand = (program, context, finish) => {
  program
    .command('controller')
    .description('Run all controllers on a Kubernetes cluster.')
    .requiredOption('--data <dir>', 'store and work folder on this machine; made if it is missing')
    .option('--kubeconfig <file>', 'kubeconfig; by default as below')
    .option('-n, --namespace <name>', 'work in this namespace only', namespaceArgument)
    .option('--import-root <dir>', 'allow import.disk.file below this folder')
    .option('--allow-local-media', 'let media come from this machine and from link-local addresses')
    .option('--leader-elect', 'work only while holding the lease', true)
    .option('--no-leader-elect', 'work at once; no other controller may run')
    .addOption(
      new Option(
        '--listen <host:port>',
        'serve /healthz, /livez, /readyz and /metrics, by http',
      ).argParser(listenArgument),
    )
    .addOption(
      new Option('--log-level <level>', 'least important lines that are written')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const { data: dataDir, namespace: onlyNamespace, logLevel, ...others } = flags;
      const starting = begin({
        ...others,
        dataDir,
        ...(onlyNamespace === undefined ? {} : { onlyNamespace }),
        environment: context.environment,
        signal: context.signal,
        log: logOf(context, logLevel),
        lost: endAtOnce,
      });
      await untilAborted(starting, context, ({ server }) => server);
      finish(0);
    });
};
