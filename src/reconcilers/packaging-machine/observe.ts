import { compositionId } from '../../jobs/spec.ts';
import { standsOn } from '../indexes.ts';
import { storedByName } from '../lookup.ts';
import { viewOf, type JobView } from '../job-step.ts';
import { lookAt, type MachineLook } from '../machine/look.ts';
import { recipeOfVersion } from '../machine/recipe.ts';
import { standingOf, type Standing } from '../machine/standing.ts';
import { isDeleting, namespaceOf, type LayerVersion, type PackagingMachine } from '../objects.ts';
import type { Ports } from '../ports.ts';

/** What the plan of a machine looks at. */
export interface MachineWorld {
  readonly look: MachineLook;
  readonly standing: Standing;
  /** Present as long as its version and all that this stands on are there. */
  readonly upload: JobView | undefined;
  /** True while the runner knows any job of it. */
  readonly hasJobs: boolean;
}

type Reads = Pick<Ports, 'connections' | 'jobs' | 'listers' | 'store'>;

/** Gathers what is known of a packaging machine. */
export async function observeMachine(
  ports: Reads,
  machine: PackagingMachine,
  signal: AbortSignal,
): Promise<MachineWorld> {
  const namespace = namespaceOf(machine);
  const { key, connectorRef, layerVersion } = machine.spec;
  const at = {
    namespace,
    connector: connectorRef.name,
    key,
    handle: machine.status?.handle,
    isLeaving: isDeleting(machine),
  };
  const { look, connection } = await lookAt(ports.connections, at, signal);
  const version = ports.listers.layerVersions.get(namespace, layerVersion);
  const recipe = version === undefined ? undefined : await recipeOf(ports, version);
  const composition = recipe === undefined ? undefined : compositionId(recipe);
  const created = machine.status?.created === true;
  return {
    look,
    standing: standingOf(look, { composition, created }),
    hasJobs: ports.jobs.isKnown(key),
    upload:
      recipe === undefined || connection === undefined
        ? undefined
        : viewOf(ports.jobs, {
            kind: 'upload',
            key,
            recipe,
            connector: { namespace, name: connectorRef.name, location: connection.location },
          }),
  };
}

async function recipeOf(ports: Reads, version: LayerVersion) {
  const namespace = namespaceOf(version);
  const below = await Promise.all(
    standsOn(version).map((name) => storedByName(ports, namespace, name)),
  );
  return recipeOfVersion(version, below);
}
