/*
 * Many watchers of one resource in a process of their own: `bench/beside/fan-out.ts` starts it with a kubeconfig and
 * how many there should be. They find in each event when its write was sent, and parse nothing.
 */
import { pathOf } from '../src/kube/resource.ts';
import { answerWith } from './support/asked.ts';
import { connect } from './support/connect.ts';
import { LAYERS } from './support/large-layers.ts';
import { Deliveries, eventsIn } from './support/deliveries.ts';

const [kubeconfig = '', watchers = '0'] = process.argv.slice(2);
const { send } = await connect(kubeconfig);
const deliveries = new Deliveries();

/** One watch; resolves when the server has begun to answer. */
async function watch(resourceVersion: string): Promise<void> {
  const path = `${pathOf(LAYERS, 'default')}?watch=true&resourceVersion=${resourceVersion}`;
  const { status, body } = await send({
    method: 'GET',
    path,
    headers: { accept: 'application/json' },
  });
  if (status !== 200) throw new Error(`watch: ${status}`);
  void eventsIn(body, (event) => deliveries.note(event));
}

const answers = {
  watch: async (resourceVersion: string) => {
    await Promise.all(Array.from({ length: Number(watchers) }, () => watch(resourceVersion)));
  },
  /** Forgets what came, and resolves at once. */
  look: async () => deliveries.look(),
  /** Resolves when so many events came. */
  reached: (events: number) => deliveries.reached(events),
};

/** What can be asked of the process, and what it answers. */
export type Answers = typeof answers;

answerWith(answers);
