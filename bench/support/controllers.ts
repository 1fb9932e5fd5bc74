/*
 * API and controllers in a process of their own, as `lamina up` has them: whoever makes them work does
 * so from outside, and is not part of what is measured. Started by `bench/runtime.ts` with a data folder
 * and a number of layers.
 */
import { chains } from './chains.ts';
import { openInstallation } from './installation.ts';
import { Witness } from './witness.ts';

const witness = new Witness();
const system = await openInstallation(
  { dataDir: process.argv[2] ?? '', layers: Number(process.argv[3]) },
  witness,
);
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

process.on('message', (question: keyof Answers) => {
  void answers[question]().then((answer) => process.send?.({ answer }));
});
// Nothing of what it did is worth finishing once nobody asks any more.
process.once('disconnect', () => process.exit());
process.send?.({ answer: 'ready' });
