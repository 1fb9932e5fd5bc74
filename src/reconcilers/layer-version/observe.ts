import type { Description } from '../../connectors/connector.ts';
import type { InspectionRecord } from '../../core/evidence.ts';
import { externalKey } from '../../core/identity.ts';
import type { LayerIdentity, StoredLayer } from '../../core/layer.ts';
import { compositionId, type ConnectorRef, type Recipe } from '../../jobs/spec.ts';
import { inNamespace, MACHINE_CONNECTOR, MACHINE_VERSION, standsOn } from '../indexes.ts';
import { storedByName } from '../lookup.ts';
import { viewOf, type JobView } from '../job-step.ts';
import { currentInspection } from '../machine/judge.ts';
import { describe, lookAt, type MachineLook } from '../machine/look.ts';
import { recipeOfVersion } from '../machine/recipe.ts';
import { standingOf, type Standing } from '../machine/standing.ts';
import { isUsable, namespaceOf, type LayerVersion, type PackagingMachine } from '../objects.ts';
import type { Connection, Ports } from '../ports.ts';

/** A LayerVersion that this one stands on. */
export interface Below {
  readonly name: string;
  readonly stored: StoredLayer | undefined;
}

/** The machines of a connector, counted. */
export interface Seats {
  readonly limit: number;
  readonly used: number;
  /** Whether it may take one of the free ones now; undefined while it does not wait. */
  readonly isNext: boolean | undefined;
}

/** What the plan of a LayerVersion looks at. */
export interface VersionWorld {
  readonly key: string;
  readonly stored: StoredLayer | undefined;
  /** What it stands on: the OS version first, then prerequisites. */
  readonly below: readonly Below[];
  readonly importsFiles: boolean;
  /** Id of what its disk is composed from, once that is known. */
  readonly composition: string | undefined;
  /** True once the composition was made. */
  readonly composed: boolean;
  readonly machine: PackagingMachine | undefined;
  readonly seats: Seats;
  /** True once both checks of its connector passed. */
  readonly usable: boolean;
  readonly look: MachineLook;
  readonly standing: Standing;
  /** What was found on the disk as its machine left it now. */
  readonly inspection: InspectionRecord | undefined;
  readonly description: Description | undefined;
  /** True while the runner knows any job of it. */
  readonly hasJobs: boolean;
  /** True while an inspection lies in the store, of whichever machine. */
  readonly inspected: boolean;
  /** True while evidence lies in the store that only it needs. */
  readonly hasEvidence: boolean;
  /** Present as far as their inputs are known. */
  readonly jobs: {
    readonly import?: JobView;
    readonly compose?: JobView;
    readonly inspect?: JobView;
    readonly capture?: JobView;
  };
}

/** The limit of machines where the ConnectorConfig names none. */
const MACHINE_LIMIT = 4;

/** The seats of a connector. */
export function seatsOf(
  { listers }: Pick<Ports, 'listers'>,
  namespace: string,
  connector: string,
): Omit<Seats, 'isNext'> {
  const config = listers.connectorConfigs.get(namespace, connector);
  const pool = inNamespace(namespace, connector);
  const used = listers.packagingMachines.by(MACHINE_CONNECTOR.name, pool).length;
  return { limit: config?.spec.limits?.machines ?? MACHINE_LIMIT, used };
}

/** Gathers what is known of a version: store, inputs, machine and jobs. */
export async function observeVersion(
  ports: Ports,
  version: LayerVersion,
  signal: AbortSignal,
): Promise<VersionWorld> {
  const { listers, store, jobs, admission } = ports;
  const namespace = namespaceOf(version);
  const { name } = version.metadata;
  const { repository, tag } = version.spec;
  const key = externalKey(store.installId, namespace, name);
  const [machine] = listers.packagingMachines.by(
    MACHINE_VERSION.name,
    inNamespace(namespace, name),
  );
  const connector = connectorOf(version);
  const config = listers.connectorConfigs.get(namespace, connector);
  const [stored, ...below] = await Promise.all([
    store.find(repository, tag),
    ...standsOn(version).map(async (one) => ({
      name: one,
      stored: await storedByName(ports, namespace, one),
    })),
  ]);
  const seats = seatsOf(ports, namespace, connector);
  const pool = inNamespace(namespace, connector);
  const isNext = admission.isNext(pool, { namespace, name }, seats.limit - seats.used);
  return {
    key,
    stored,
    below,
    importsFiles: ports.importsFiles,
    machine,
    seats: { ...seats, isNext },
    usable: isUsable(config),
    hasJobs: jobs.isKnown(key),
    ...(await workOf(ports, version, { key, below, machine }, signal)),
  };
}

type Work = Pick<
  VersionWorld,
  | 'composition'
  | 'look'
  | 'standing'
  | 'inspection'
  | 'inspected'
  | 'description'
  | 'composed'
  | 'hasEvidence'
  | 'jobs'
>;

interface Inputs {
  readonly key: string;
  readonly below: readonly Below[];
  readonly machine: PackagingMachine | undefined;
}

/** The machine, and the jobs around it. */
async function workOf(
  ports: Ports,
  version: LayerVersion,
  { key, below, machine }: Inputs,
  signal: AbortSignal,
): Promise<Work> {
  const { evidence } = ports.store;
  const recipe = recipeOfVersion(
    version,
    below.map(({ stored }) => stored),
  );
  const composition = recipe === undefined ? undefined : compositionId(recipe);
  const [made, record] = await Promise.all([
    composition === undefined ? undefined : evidence.composed(composition),
    evidence.inspection(key),
  ]);
  const at = { namespace: namespaceOf(version), connector: connectorOf(version), key };
  const { look, connection } = await lookAt(
    ports.connections,
    { ...at, handle: undefined, isLeaving: false },
    signal,
  );
  const created = machine?.status?.created === true;
  const standing = standingOf(look, { composition, created });
  const inspection =
    standing.at === 'ended' ? currentInspection(record, standing.machine, composition) : undefined;
  const isWorthAsking = standing.at === 'running' ? standing.machine.heardAt === undefined : true;
  const description =
    machine !== undefined && 'machine' in standing && isWorthAsking
      ? await describe(connection, key, signal)
      : undefined;
  const known = { key, recipe, standing, inspection, connection };
  return {
    // What it stood on may be gone by now.
    composition: composition ?? version.status?.composition,
    look,
    standing,
    inspection,
    description,
    composed: made !== undefined,
    inspected: record !== undefined,
    hasEvidence: made !== undefined || record !== undefined,
    jobs: jobsOf(ports, version, known),
  };
}

/** Where a version is packaged; empty, which no connector is called, for one that is imported. */
export function connectorOf(version: LayerVersion): string {
  return version.spec.package?.connectorRef.name ?? '';
}

function identityOf(version: LayerVersion): LayerIdentity {
  const { role, layer, version: name, repository, tag, inputs } = version.spec;
  // The object's own birth: a rerun of the job writes the same bytes.
  const created = version.metadata.creationTimestamp ?? '1970-01-01T00:00:00Z';
  return { role, name: layer, version: name, repository, tag, inputs, created };
}

interface KnownInputs {
  readonly key: string;
  readonly recipe: Recipe | undefined;
  readonly standing: Standing;
  readonly inspection: InspectionRecord | undefined;
  readonly connection: Connection | undefined;
}

function jobsOf(
  { jobs }: Pick<Ports, 'jobs'>,
  version: LayerVersion,
  known: KnownInputs,
): VersionWorld['jobs'] {
  const { key, recipe, standing, inspection, connection } = known;
  const disk = version.spec.import;
  if (disk !== undefined) {
    const layer = identityOf(version);
    return { import: viewOf(jobs, { kind: 'import', key, layer, ...disk }) };
  }
  if (recipe === undefined) return {};
  const compose = viewOf(jobs, { kind: 'compose', key, recipe });
  if (standing.at !== 'ended' || connection === undefined) return { compose };
  const connector: ConnectorRef = {
    namespace: namespaceOf(version),
    name: connectorOf(version),
    location: connection.location,
  };
  const { boot } = standing.machine;
  const common = { key, recipe, connector, ...(boot === undefined ? {} : { boot }) };
  const attestation = inspection?.attestation;
  const inspect = viewOf(jobs, { kind: 'inspect', ...common });
  if (attestation === undefined) return { compose, inspect };
  const layer = identityOf(version);
  return {
    compose,
    inspect,
    capture: viewOf(jobs, { kind: 'capture', ...common, attestation, layer }),
  };
}
