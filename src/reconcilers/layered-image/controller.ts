import type { LayeredImageSpec, LayeredImageStatus } from '../../api/kinds/layered-image.ts';
import type { ControllerSpec } from '../../kube/controller.ts';
import { resourceOf } from '../../kube/resource.ts';
import { IMAGE_CONNECTOR, IMAGE_KEY, IMAGE_OWNER } from '../indexes.ts';
import { actOnPlatform } from '../machine/act.ts';
import { FINALIZERS, namespaceOf, type LayeredImage } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { watchingConnectors, watchingOutside } from '../watching.ts';
import { observeImage, type ImageWorld } from './observe.ts';
import { planImage } from './plan.ts';
import type { ImageStep } from './step.ts';

/** Publishes each revision of each template on each target. */
export function layeredImageController(
  ports: Ports,
): ControllerSpec<LayeredImageSpec, LayeredImageStatus, ImageWorld, ImageStep> {
  const { listers, watchOutside } = ports;
  return {
    name: 'layeredimage',
    resource: resourceOf('LayeredImage'),
    reconciler: {
      observe: (image, signal) => observeImage(ports, image, signal),
      plan: planImage,
      act: (step, image, signal) => act(ports, step, image, signal),
    },
    indexes: [IMAGE_CONNECTOR, IMAGE_KEY, IMAGE_OWNER],
    watches: [watchingConnectors(listers.layeredImages, IMAGE_CONNECTOR)],
    external: (wake) => watchingOutside(watchOutside, listers.layeredImages, IMAGE_KEY, wake),
    finalizer: FINALIZERS.LayeredImage,
    workers: 4,
  };
}

async function act(
  { jobs, connections, store }: Ports,
  step: ImageStep,
  image: LayeredImage,
  signal: AbortSignal,
): Promise<{ readonly handle: string } | void> {
  const { key, connectorRef } = image.spec;
  switch (step.do) {
    case 'startJob':
      return jobs.start(step.spec);
    case 'cancelJobs':
      return jobs.cancel(key);
    case 'forgetInspection':
      return store.evidence.forgetInspection(key);
    case 'forgetComposed':
      return store.evidence.forgetComposed(step.composition);
    default: {
      const at = { namespace: namespaceOf(image), connector: connectorRef.name, key };
      return actOnPlatform(connections, at, step, signal);
    }
  }
}
