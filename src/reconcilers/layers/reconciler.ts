import type { LayerStatus } from '../../api/kinds/os-layer.ts';
import { API_VERSION } from '../../api/kind.ts';
import type { Reconciler } from '../../kube/reconciler.ts';
import { FINALIZERS, namespaceOf, ownedBy, type Layer } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { observeLayer, type LayerWorld } from './observe.ts';
import { planLayer, type LayerStep } from './plan.ts';

/** Keeps one LayerVersion per version of a layer; the same for all three kinds. */
export function layerReconciler(
  ports: Pick<Ports, 'listers' | 'store' | 'writer'>,
): Reconciler<Layer['spec'], LayerStatus, LayerWorld, LayerStep> {
  return {
    observe: (layer) => observeLayer(ports, layer),
    plan: (_layer, world) => planLayer(world),
    act: (step, layer) => act(ports, step, layer),
  };
}

async function act(
  { writer }: Pick<Ports, 'writer'>,
  step: LayerStep,
  layer: Layer,
): Promise<void> {
  const namespace = namespaceOf(layer);
  const ref = { kind: 'LayerVersion', namespace, name: step.name };
  if (step.do === 'remove') return writer.remove(ref);
  if (step.do === 'annotate') return writer.annotate(ref, step.annotations);
  return writer.ensure({
    apiVersion: API_VERSION,
    kind: 'LayerVersion',
    metadata: {
      name: step.name,
      namespace,
      finalizers: [FINALIZERS.LayerVersion],
      labels: { 'lamina.dev/layer': layer.metadata.name },
      ownerReferences: ownedBy(layer),
    },
    spec: step.spec,
  });
}
