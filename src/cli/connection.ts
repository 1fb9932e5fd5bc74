import { join } from 'node:path';
import type { Command } from 'commander';
import { kubeClient, type KubeClient } from '../kube/client.ts';
import { readKubeconfig } from '../kube/kubeconfig.ts';
import { namespaceArgument } from './arguments.ts';
import type { CliContext, Result } from './context.ts';
import { outputOption, print, type Format } from './print.ts';

/** How people say which API they mean. */
export interface ConnectionOptions {
  readonly data?: string;
  readonly kubeconfig?: string;
  readonly namespace?: string;
}

/** An API that a command talks to. */
export interface Connection {
  readonly client: KubeClient;
  readonly namespace: string;
}

/** The options of every command that talks to an API. */
export function withConnection(command: Command): Command {
  return command
    .option('--data <dir>', 'data directory of a running "lamina up"')
    .option('--kubeconfig <file>', 'kubeconfig; by default $KUBECONFIG or ~/.kube/config')
    .option(
      '-n, --namespace <name>',
      'namespace; by default that of the kubeconfig',
      namespaceArgument,
    );
}

function kubeconfigPath(options: ConnectionOptions, { environment }: CliContext): string {
  if (options.kubeconfig !== undefined) return options.kubeconfig;
  if (options.data !== undefined) return join(options.data, 'kubeconfig');
  const named = environment['KUBECONFIG'];
  if (named !== undefined && named !== '') return named;
  return join(environment['HOME'] ?? '/', '.kube', 'config');
}

/** Does something with the API, and closes the connections when it is done. */
export async function connected<Outcome>(
  options: ConnectionOptions,
  context: CliContext,
  work: (connection: Connection) => Promise<Outcome>,
): Promise<Outcome> {
  const target = await readKubeconfig(kubeconfigPath(options, context));
  // `lamina up` has no use for it, and it is a quarter of all that a command loads.
  const { networkTransport } = await import('../kube/network.ts');
  const transport = networkTransport(target);
  try {
    const client = kubeClient(transport.send, { userAgent: `lamina/${context.version}` });
    return await work({ client, namespace: options.namespace ?? target.namespace });
  } finally {
    await transport.close();
  }
}

/** The options of a command that also prints what it was answered. */
export interface AnswerOptions extends ConnectionOptions {
  readonly output: Format;
}

/** Gives a command the options of those that ask the API and print the answer. */
export function withAnswer(command: Command): Command {
  return withConnection(command.addOption(outputOption()));
}

/** Asks the API, prints the answer in the format that is wanted, and returns the exit code. */
export async function printAnswer(
  options: AnswerOptions,
  context: CliContext,
  ask: (connection: Connection) => Promise<Result>,
): Promise<number> {
  const result = await connected(options, context, ask);
  print(context, result, options.output);
  return result.code ?? 0;
}
