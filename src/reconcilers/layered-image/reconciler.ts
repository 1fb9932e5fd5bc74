import type { LayeredImageSpec, LayeredImageStatus } from '../../api/kinds/layered-image.ts';
import type { Connector } from '../../connectors/connector.ts';
import { transient } from '../../core/failure.ts';
import type { Composed } from '../../jobs/spec.ts';
import type { Reconciler } from '../../kube/reconciler.ts';
import { actOnJob } from '../job-step.ts';
import { namespaceOf, type LayeredImage } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { observeImage, type ImageWorld } from './observe.ts';
import { planImage, type ImageStep, type PlatformStep } from './plan.ts';

/** Publishes one revision of a template on one target. */
export function layeredImageReconciler(
  ports: Ports,
): Reconciler<LayeredImageSpec, LayeredImageStatus, ImageWorld, ImageStep> {
  return {
    observe: (image, signal) => observeImage(ports, image, signal),
    plan: planImage,
    act: (step, image, signal) => act(ports, step, image, signal),
  };
}

async function act(
  ports: Ports,
  step: ImageStep,
  image: LayeredImage,
  signal: AbortSignal,
): Promise<void> {
  const { key } = image.spec;
  if (step.do === 'startJob' || step.do === 'retryJob') return actOnJob(ports.jobs, step);
  if (step.do === 'discard') return discard(ports, key);
  const connector = ports.connectorFor(namespaceOf(image), image.spec.connectorRef.name);
  if (connector === undefined) throw transient('ConnectorGone', 'the connector is gone');
  return onPlatform(connector, step, image, signal);
}

async function discard({ jobs, work }: Ports, key: string): Promise<void> {
  await jobs.forget(`${key}.compose`);
  await work.discardComposed(key);
}

async function onPlatform(
  connector: Connector,
  step: PlatformStep,
  image: LayeredImage,
  signal: AbortSignal,
): Promise<void> {
  const { key, revision } = image.spec;
  const displayName = image.metadata.name;
  switch (step.do) {
    case 'putDisk':
      return connector.putDisk(key, sourceOf(step.composed), signal);
    case 'createMachine':
      return connector.createMachine(key, { displayName, purpose: 'published' }, signal);
    case 'powerOn':
      return connector.power(key, 'on', signal);
    case 'snapshot':
      return connector.snapshot(key, revision, signal);
    case 'deleteMachine':
      return connector.deleteMachine(key, signal);
    case 'deleteDisk':
      return connector.deleteDisk(key, signal);
  }
}

function sourceOf({ disk, sizeBytes }: Composed) {
  return { ...disk, sizeBytes };
}
