import type { Connector, DiskSeen, MachineSeen } from '../../connectors/connector.ts';
import type { LayerPointer } from '../../core/layer.ts';
import type { ComposeJob, GuestTask } from '../../jobs/spec.ts';
import { holds, namespaceOf, type LayeredImage } from '../objects.ts';
import type { JobView } from '../job-step.ts';
import type { Ports } from '../ports.ts';

/** What the plan of an image looks at. */
export interface ImageWorld {
  readonly connectorReady: boolean;
  /** False while its ConnectorConfig does not exist. */
  readonly connected: boolean;
  readonly snapshot: DiskSeen | undefined;
  readonly hasDisk: boolean;
  readonly machine: MachineSeen | undefined;
  readonly hasComposed: boolean;
  readonly compose: JobView;
  /** Known once the machine is off and its disk can be read. */
  readonly inspect: JobView | undefined;
}

/** Gathers what is known of an image: on its platform, in the work folder, and of its jobs. */
export async function observeImage(
  ports: Ports,
  image: LayeredImage,
  signal: AbortSignal,
): Promise<ImageWorld> {
  const namespace = namespaceOf(image);
  const { key, connectorRef, revision } = image.spec;
  const connector = ports.connectorFor(namespace, connectorRef.name);
  const config = ports.listers.connectorConfigs.get(namespace, connectorRef.name);
  const machine = await connector?.findMachine(key, signal);
  const isOn = machine?.power === 'on';
  const disk = isOn ? undefined : await connector?.getDisk(key, signal);
  return {
    connectorReady: holds(config, 'Ready'),
    connected: connector !== undefined,
    snapshot: await findSnapshot(connector, key, revision, signal),
    hasDisk: isOn || disk !== undefined,
    machine,
    hasComposed: await ports.work.hasComposed(key),
    compose: viewOf(ports, `${key}.compose`, composeJob(ports, image)),
    inspect:
      disk === undefined || machine?.power !== 'off'
        ? undefined
        : inspectView(ports, key, machine, disk),
  };
}

async function findSnapshot(
  connector: Connector | undefined,
  key: string,
  revision: string,
  signal: AbortSignal,
): Promise<DiskSeen | undefined> {
  return connector?.findSnapshot(key, revision, signal);
}

function viewOf({ jobs }: Pick<Ports, 'jobs'>, name: string, spec: JobView['spec']): JobView {
  return { name, spec, state: jobs.look(name) };
}

function inspectView(ports: Ports, key: string, machine: MachineSeen, disk: DiskSeen): JobView {
  const { path, format } = disk;
  return viewOf(ports, `${key}.inspect.${machine.poweredOnAt ?? 0}`, {
    kind: 'inspect',
    places: ports.work.places,
    key,
    machineDisk: { path, format },
  });
}

function composeJob({ work }: Pick<Ports, 'work'>, image: LayeredImage): ComposeJob {
  const { key, os, layers, template, revision, shutdownWhenDone } = image.spec;
  const task: GuestTask = {
    role: 'image',
    title: `${template} ${revision}`,
    layers: [os, ...layers].map(({ name }) => name),
    scripts: [os, ...layers].flatMap(({ name, imageScripts = [] }) =>
      imageScripts.map(({ run }) => ({ layer: name, run })),
    ),
    shutdownWhenDone,
  };
  return {
    kind: 'compose',
    places: work.places,
    key,
    os: pointerOf(os),
    deltas: layers.map(pointerOf),
    task,
  };
}

function pointerOf({ repository, tag, manifest }: LayeredImage['spec']['os']): LayerPointer {
  return { repository, tag, manifest: manifest as LayerPointer['manifest'] };
}
