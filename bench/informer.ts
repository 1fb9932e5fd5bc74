/*
 * The informer of `@kubernetes/client-node`, alone in a process: `bench/beside/caches.ts` starts it with a kubeconfig.
 */
import {
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  type KubernetesListObject,
  type KubernetesObject,
} from '@kubernetes/client-node';
import { pathOf } from '../src/kube/resource.ts';
import { follow } from './support/applied.ts';
import { LAYERS } from './support/large-layers.ts';

const config = new KubeConfig();
config.loadFromFile(process.argv[2] ?? '');
const objects = config.makeApiClient(CustomObjectsApi);

async function list(): Promise<KubernetesListObject<KubernetesObject>> {
  const { group, version, plural } = LAYERS;
  const answer: unknown = await objects.listCustomObjectForAllNamespaces({
    group,
    version,
    resourcePlural: plural,
  });
  return answer as KubernetesListObject<KubernetesObject>;
}

follow((changed) => {
  const informer = makeInformer(config, pathOf(LAYERS), list);
  for (const verb of ['add', 'update', 'delete'] as const) informer.on(verb, changed);
  return { sync: () => informer.start(), size: () => informer.list().length };
});
