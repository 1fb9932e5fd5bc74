import { NAMESPACES } from '../../src/kube/resource.ts';
import { Kubectl, kubectlPeers } from '../../test/support/kubectl.ts';
import type { Figure } from '../support/figures.ts';
import { scaled } from '../support/scale.ts';
import { quantile, secondsOf } from '../support/timing.ts';
import { both, noMore, type Sides } from './pair.ts';
import { fill, inTurns, onBoth, type Side } from './side.ts';

const FEW = scaled(500, 50);
const FEW_NAMESPACE = 'few';
const ROUNDS = scaled(5, 2);

async function seconds(side: Side, namespace: string, objects: number): Promise<number> {
  const [peer] = kubectlPeers().slice(-1);
  if (peer === undefined) throw new Error('no kubectl is built');
  const kubectl = new Kubectl(peer, side.server.kubeconfig);
  const get = async () => {
    const printed = await kubectl.ok([
      'get',
      'applayers',
      '--namespace',
      namespace,
      '--no-headers',
    ]);
    const { length } = printed.trimEnd().split('\n');
    if (length !== objects) throw new Error(`kubectl shows ${length} of ${objects} objects`);
  };
  try {
    // The first one asks what the server serves, and remembers it.
    await get();
    return await secondsOf(get);
  } finally {
    kubectl.dispose();
  }
}

async function figureOf(sides: Sides<Side>, namespace: string, objects: number): Promise<Figure> {
  const times = await inTurns(sides, ROUNDS, (side) => seconds(side, namespace, objects));
  return noMore({
    what: `kubectl get applayers, ${objects.toLocaleString('en')} objects`,
    unit: 's',
    ...both(times, (list) => quantile(list, 0.5)),
  });
}

/** What a person waits for, the start of kubectl included; so many objects are in namespace `default`. */
export async function kubectlGets(sides: Sides<Side>, objects: number): Promise<readonly Figure[]> {
  if (kubectlPeers().length === 0) return [];
  await onBoth(sides, async (side) => {
    const metadata = { name: FEW_NAMESPACE };
    await side
      .wireOf(0)
      .client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata });
    await fill(side, { first: 0, end: FEW, namespace: FEW_NAMESPACE });
  });
  return [await figureOf(sides, FEW_NAMESPACE, FEW), await figureOf(sides, 'default', objects)];
}
