import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { parseKubeconfig } from '../../src/kube/kubeconfig.ts';
import { networkTransport } from '../../src/kube/network.ts';
import type { Answers } from './controllers.ts';

/** Controllers in another process, seen from here. */
export interface Controlled {
  /** Over TLS, as people's tools. */
  readonly client: KubeClient;
  /** One question at a time. */
  ask<Question extends keyof Answers>(
    question: Question,
  ): Promise<Awaited<ReturnType<Answers[Question]>>>;
  /** Ends the process, and forgets what it still does. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts API and controllers on a data folder, with so many layers in the store. */
export async function startControlled(dataDir: string, layers: number): Promise<Controlled> {
  const program = join(import.meta.dirname, 'controllers.ts');
  const execArgv = ['--expose-gc', '--disable-warning=ExperimentalWarning'];
  const child = fork(program, [dataDir, `${layers}`], { execArgv, serialization: 'advanced' });
  const exit = once(child, 'exit');
  const ended = exit.then(([code]) => {
    throw new Error(`the controllers ended with code ${code}`);
  });
  ended.catch(() => undefined);
  const answer = async () => {
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return (message as { answer: never }).answer;
  };
  await answer();
  const kubeconfig = await readFile(join(dataDir, 'kubeconfig'), 'utf8');
  const network = networkTransport(parseKubeconfig(kubeconfig));
  return {
    client: kubeClient(network.send),
    ask: (question) => {
      const told = answer();
      child.send(question);
      return told;
    },
    [Symbol.asyncDispose]: async () => {
      await network.close();
      child.disconnect();
      await exit;
    },
  };
}
