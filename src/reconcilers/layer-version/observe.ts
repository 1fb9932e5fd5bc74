import { conditionOf } from '../../api/conditions.ts';
import { externalKey } from '../../core/identity.ts';
import type { StoredLayer } from '../../core/layer.ts';
import type { JobRunner } from '../../jobs/spec.ts';
import type { JobView } from '../job-step.ts';
import { holds, namespaceOf, type LayerVersion, type PackagingMachine } from '../objects.ts';
import type { Ports } from '../ports.ts';
import { captureJob, composeJob, importJob, inspectJob } from './jobs.ts';

/** A LayerVersion that this one stands on. */
export interface Below {
  readonly name: string;
  readonly stored: StoredLayer | undefined;
}

/** What the plan of a LayerVersion looks at. */
export interface VersionWorld {
  readonly key: string;
  readonly stored: StoredLayer | undefined;
  /** What it stands on: the OS version first, then prerequisites. */
  readonly below: readonly Below[];
  readonly hasComposed: boolean;
  readonly machine: PackagingMachine | undefined;
  /** Other packaging machines of the same connector, and how many there may be. */
  readonly machinesInUse: number;
  readonly machineLimit: number;
  readonly connectorReady: boolean;
  /** Present as far as their inputs are known. */
  readonly jobs: {
    readonly import?: JobView;
    readonly compose?: JobView;
    readonly inspect?: JobView;
    readonly capture?: JobView;
  };
}

/** Gathers what is known of a version: store, inputs, machine and jobs. */
export async function observeVersion(ports: Ports, version: LayerVersion): Promise<VersionWorld> {
  const { listers, store, work } = ports;
  const namespace = namespaceOf(version);
  const { repository, tag, package: made } = version.spec;
  const key = externalKey(store.installId, namespace, version.metadata.name);
  const machine = listers.packagingMachines
    .list(namespace)
    .find((item) => item.spec.layerVersion === version.metadata.name);
  const connector = made?.connectorRef.name ?? '';
  const config = listers.connectorConfigs.get(namespace, connector);
  const others = listers.packagingMachines
    .list(namespace)
    .filter((item) => item !== machine && item.spec.connectorRef.name === connector);
  const below =
    made === undefined
      ? []
      : [made.os, ...made.below].map((name) => belowOf(ports, namespace, name));
  return {
    key,
    stored: await store.find(repository, tag),
    below,
    hasComposed: await work.hasComposed(key),
    machine,
    machinesInUse: others.length,
    machineLimit: config?.spec.limits?.machines ?? 4,
    connectorReady: holds(config, 'Ready'),
    jobs: await jobsOf(ports, version, { key, below, machine }),
  };
}

function belowOf({ listers }: Pick<Ports, 'listers'>, namespace: string, name: string): Below {
  const object = listers.layerVersions.get(namespace, name);
  return {
    name,
    stored: holds(object, 'Ready') ? (object?.status?.stored as StoredLayer) : undefined,
  };
}

async function jobsOf(
  ports: Ports,
  version: LayerVersion,
  known: Pick<VersionWorld, 'key' | 'below' | 'machine'>,
): Promise<VersionWorld['jobs']> {
  const { jobs, work } = ports;
  const { key, below, machine } = known;
  if (version.spec.import !== undefined) {
    const spec = importJob(work.places, version, work.importRoot);
    return spec === undefined ? {} : { import: look(jobs, `${key}.import`, spec) };
  }
  const ready = below.flatMap(({ stored }) => (stored === undefined ? [] : [stored]));
  const [os, ...deltas] = ready;
  if (os === undefined || ready.length < below.length) return {};
  const compose = look(
    jobs,
    `${key}.compose`,
    composeJob(work.places, key, version, { os, deltas }),
  );
  const disk = await machineDisk(ports, version, machine, key);
  if (disk === undefined) return { compose };
  const cycle = conditionOf(machine, 'ShutDown')?.lastTransitionTime.replaceAll(/\D/g, '') ?? '0';
  return {
    compose,
    inspect: look(jobs, `${key}.inspect.${cycle}`, inspectJob(work.places, key, disk)),
    capture: look(
      jobs,
      `${key}.capture.${cycle}`,
      captureJob(work.places, key, version, { os, deltas, disk }),
    ),
  };
}

async function machineDisk(
  { connectorFor }: Pick<Ports, 'connectorFor'>,
  version: LayerVersion,
  machine: PackagingMachine | undefined,
  key: string,
) {
  if (machine === undefined || !holds(machine, 'ShutDown')) return undefined;
  const connector = connectorFor(namespaceOf(version), machine.spec.connectorRef.name);
  return connector?.getDisk(key, AbortSignal.timeout(60_000));
}

function look(jobs: JobRunner, name: string, spec: JobView['spec']): JobView {
  return { name, spec, state: jobs.look(name) };
}
