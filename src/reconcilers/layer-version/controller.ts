import { API_VERSION } from '../../api/kind.ts';
import type { LayerVersionSpec, LayerVersionStatus } from '../../api/kinds/layer-version.ts';
import { externalKey } from '../../core/identity.ts';
import type { ControllerSpec } from '../../kube/controller.ts';
import { resourceOf } from '../../kube/resource.ts';
import {
  inNamespace,
  MACHINE_CONNECTOR,
  MACHINE_VERSION,
  VERSION_BELOW,
  VERSION_CONNECTOR,
  versionKeyIndex,
} from '../indexes.ts';
import {
  FINALIZERS,
  namespaceOf,
  ownedBy,
  storedOf,
  type LayerVersion,
  type PackagingMachine,
} from '../objects.ts';
import type { Ports } from '../ports.ts';
import { keysOf, watching, watchingConnectors, watchingOutside } from '../watching.ts';
import { connectorOf, observeVersion, seatsOf, type VersionWorld } from './observe.ts';
import { planVersion } from './plan.ts';
import type { VersionStep } from './step.ts';

type Controller = ControllerSpec<LayerVersionSpec, LayerVersionStatus, VersionWorld, VersionStep>;

/** Brings each version of each layer into the store. */
export function layerVersionController(ports: Ports): Controller {
  const { listers, store, watchOutside } = ports;
  const keyIndex = versionKeyIndex(store.installId);
  return {
    name: 'layerversion',
    resource: resourceOf('LayerVersion'),
    reconciler: {
      observe: (version, signal) => observeVersion(ports, version, signal),
      plan: planVersion,
      act: (step, version) => act(ports, step, version),
    },
    indexes: [VERSION_BELOW, VERSION_CONNECTOR, MACHINE_VERSION, MACHINE_CONNECTOR, keyIndex],
    watches: watchesOf(ports),
    external: (wake) => {
      const stops = [
        watchingOutside(watchOutside, listers.layerVersions, keyIndex, wake),
        ports.admission.watch(({ namespace, name }) => wake(inNamespace(namespace, name))),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
    finalizer: FINALIZERS.LayerVersion,
    workers: 4,
  };
}

function watchesOf(ports: Ports): Controller['watches'] {
  const { listers } = ports;
  return [
    watching<LayerVersion>({
      kind: 'LayerVersion',
      // Whoever stands on it starts when it is stored; whoever waits behind it moves up when it goes.
      facet: (version) => [storedOf(version)?.manifest, version.metadata.deletionTimestamp],
      map: (version) => [
        ...keysOf(
          listers.layerVersions.by(
            VERSION_BELOW.name,
            inNamespace(namespaceOf(version), version.metadata.name),
          ),
        ),
        ...nextInLine(ports, namespaceOf(version), version.spec.package?.connectorRef.name),
      ],
    }),
    watching<PackagingMachine>({
      kind: 'PackagingMachine',
      map: (machine) => [inNamespace(namespaceOf(machine), machine.spec.layerVersion)],
    }),
    watching<PackagingMachine>({
      kind: 'PackagingMachine',
      // A machine that goes makes room for others of its connector.
      facet: ({ metadata }) => metadata.uid,
      map: (machine) => nextInLine(ports, namespaceOf(machine), machine.spec.connectorRef.name),
    }),
    watchingConnectors(listers.layerVersions, VERSION_CONNECTOR),
  ];
}

/** Those who wait for a machine and may have one now. */
function nextInLine(
  ports: Ports,
  namespace: string,
  connector: string | undefined,
): readonly string[] {
  if (connector === undefined) return [];
  const { limit, used } = seatsOf(ports, namespace, connector);
  return ports.admission
    .first(inNamespace(namespace, connector), limit - used)
    .map((one) => inNamespace(one.namespace, one.name));
}

async function act(ports: Ports, step: VersionStep, version: LayerVersion): Promise<void> {
  const { jobs, writer, store, admission } = ports;
  const namespace = namespaceOf(version);
  const { name } = version.metadata;
  const key = externalKey(store.installId, namespace, name);
  switch (step.do) {
    case 'startJob':
      return jobs.start(step.spec);
    case 'cancelJobs':
      return jobs.cancel(key);
    case 'queue':
      return admission.join(inNamespace(namespace, connectorOf(version)), { namespace, name });
    case 'leaveQueue': {
      const { limit, used } = seatsOf(ports, namespace, connectorOf(version));
      const pool = inNamespace(namespace, connectorOf(version));
      return admission.leave(pool, { namespace, name }, limit - used);
    }
    case 'createMachine':
      return writer.ensure(machineOf(version, key));
    case 'removeMachine':
      return writer.remove({ kind: 'PackagingMachine', namespace, name: step.name });
    case 'forgetInspection':
      return store.evidence.forgetInspection(key);
    case 'forget':
      if (step.composition !== undefined) await store.evidence.forgetComposed(step.composition);
      return store.evidence.forgetInspection(key);
  }
}

function machineOf(version: LayerVersion, key: string) {
  return {
    apiVersion: API_VERSION,
    kind: 'PackagingMachine' as const,
    metadata: {
      name: version.metadata.name,
      namespace: namespaceOf(version),
      finalizers: [FINALIZERS.PackagingMachine],
      ownerReferences: ownedBy(version),
    },
    spec: {
      connectorRef: { name: connectorOf(version) },
      layerVersion: version.metadata.name,
      key,
    },
  };
}
