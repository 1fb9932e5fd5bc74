import { join } from 'node:path';
import { startJudge } from '../../test/support/judge.ts';
import { NODE_FLAGS, started } from '../support/child.ts';

/** A process that serves, or helps to. */
export interface Program {
  readonly name: string;
  readonly pid: number;
}

/** A running API of Kubernetes. */
export interface Server extends AsyncDisposable {
  readonly kubeconfig: string;
  /** From its start until it was ready. */
  readonly seconds: number;
  readonly programs: readonly Program[];
}

/** Starts an API on a folder, which keeps what it holds for the next start. */
export type Contender = (folder: string) => Promise<Server>;

const LAUNCHER = join(import.meta.dirname, '../../lamina');
const API_ALONE = join(import.meta.dirname, '../../test/support/api-server.ts');

async function embedded(program: string, args: readonly string[], folder: string): Promise<Server> {
  const child = await started(program, [...args, folder]);
  return {
    kubeconfig: join(folder, 'kubeconfig'),
    seconds: child.seconds,
    programs: [{ name: 'lamina', pid: child.pid }],
    [Symbol.asyncDispose]: () => child.stop(),
  };
}

/** The embedded API without controllers. */
export const apiAlone: Contender = (folder) =>
  embedded(process.execPath, [...NODE_FLAGS, API_ALONE], folder);

/** The embedded API with all controllers, as people start it. */
export const laminaUp: Contender = (folder) => embedded(LAUNCHER, ['up', '--data'], folder);

/** kube-apiserver, etcd that syncs every write as is its default, and kube-controller-manager. */
export const realKubernetes: Contender = async (folder) => {
  const judge = await startJudge({ kept: folder });
  const { kubeconfig, readySeconds: seconds, programs } = judge;
  return { kubeconfig, seconds, programs, [Symbol.asyncDispose]: () => judge.close() };
};
