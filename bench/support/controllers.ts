/*
 * API and controllers in a process of their own, as `lamina up` has them, or controllers on the API of a cluster, as
 * `lamina controller`: whoever makes them work does so from outside, and is not part of what is measured. Started by
 * `bench/runtime.ts` with a data folder, a number of layers, and the kubeconfig of the cluster if there is one.
 */
import { answerWith } from './asked.ts';
import { chains } from './chains.ts';
import { openInstallation } from './installation.ts';
import { Witness } from './witness.ts';

const [dataDir = '', layers, kubeconfig] = process.argv.slice(2);
const witness = new Witness();
const system = await openInstallation({ dataDir, layers: Number(layers), kubeconfig }, witness);
// Loading modules and filling the store is over: from here on it is the controllers' doing.
witness.look();
await system.start();

const answers = {
  look: async () => witness.look(),
  rest: () => witness.rest(),
  tell: async () => witness.tell(),
  memory: async () => witness.memory(),
  chains: () => chains(system),
};

/** What can be asked of the process, and what it answers. */
export type Answers = typeof answers;

answerWith(answers);
