import { API_VERSION } from '../../api/kind.ts';
import type { LayerVersionSpec, LayerVersionStatus } from '../../api/kinds/layer-version.ts';
import { transient } from '../../core/failure.ts';
import { externalKey } from '../../core/identity.ts';
import type { Composed } from '../../jobs/spec.ts';
import type { Reconciler } from '../../kube/reconciler.ts';
import { actOnJob } from '../job-step.ts';
import { FINALIZERS, namespaceOf, ownedBy, type LayerVersion } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { observeVersion, type VersionWorld } from './observe.ts';
import { planVersion, type VersionStep } from './plan.ts';

/** Brings one version of one layer into the store. */
export function layerVersionReconciler(
  ports: Ports,
): Reconciler<LayerVersionSpec, LayerVersionStatus, VersionWorld, VersionStep> {
  return {
    observe: (version) => observeVersion(ports, version),
    plan: planVersion,
    act: (step, version) => act(ports, step, version),
  };
}

async function act(ports: Ports, step: VersionStep, version: LayerVersion): Promise<void> {
  const namespace = namespaceOf(version);
  const key = externalKey(ports.store.installId, namespace, version.metadata.name);
  switch (step.do) {
    case 'startJob':
    case 'retryJob':
      return actOnJob(ports.jobs, step);
    case 'createMachine':
      return createMachine(ports, version, key);
    case 'removeMachine':
      return ports.writer.remove({ kind: 'PackagingMachine', namespace, name: step.name });
    case 'discard':
      await ports.jobs.forget(`${key}.compose`);
      return ports.work.discardComposed(key);
  }
}

async function createMachine(ports: Ports, version: LayerVersion, key: string): Promise<void> {
  const composed = ports.jobs.look(`${key}.compose`);
  if (composed?.state !== 'succeeded') {
    throw transient(
      'JobLost',
      `the composition of ${version.metadata.name} was lost; it is looked up again`,
    );
  }
  const { disk, sizeBytes } = composed.result as Composed;
  await ports.writer.ensure({
    apiVersion: API_VERSION,
    kind: 'PackagingMachine',
    metadata: {
      name: version.metadata.name,
      namespace: namespaceOf(version),
      finalizers: [FINALIZERS.PackagingMachine],
      ownerReferences: ownedBy(version),
    },
    spec: {
      connectorRef: { name: version.spec.package?.connectorRef.name ?? '' },
      layerVersion: version.metadata.name,
      key,
      disk: { path: disk.path, format: disk.format, sizeBytes },
    },
  });
}
