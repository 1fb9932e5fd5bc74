import { join } from 'node:path';
import type { KubeClient } from '../../src/kube/client.ts';
import { startAsked, type Asked } from './asked.ts';
import { connect } from './connect.ts';
import type { Answers } from './controllers.ts';

/** Controllers in another process, seen from here. */
export interface Controlled extends Asked<Answers> {
  /** Over TLS, as people's tools. */
  readonly client: KubeClient;
}

/** Starts controllers on a data folder, with so many layers in the store: with an API, or on that of a kubeconfig. */
export async function startControlled(
  dataDir: string,
  layers: number,
  kubeconfig?: string,
): Promise<Controlled> {
  const program = join(import.meta.dirname, 'controllers.ts');
  const cluster = kubeconfig === undefined ? [] : [kubeconfig];
  const asked = await startAsked<Answers>(program, [dataDir, `${layers}`, ...cluster]);
  const wire = await connect(kubeconfig ?? join(dataDir, 'kubeconfig'));
  return {
    ...asked,
    client: wire.client,
    [Symbol.asyncDispose]: async () => {
      await wire.close();
      await asked[Symbol.asyncDispose]();
    },
  };
}
