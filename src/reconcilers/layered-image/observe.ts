import type { Capabilities, Description, PublicationSeen } from '../../connectors/connector.ts';
import type { InspectionRecord } from '../../core/evidence.ts';
import { compositionId, type ConnectorRef, type Recipe } from '../../jobs/spec.ts';
import { IMAGE_OWNER } from '../indexes.ts';
import { viewOf, type JobView } from '../job-step.ts';
import { currentInspection } from '../machine/judge.ts';
import { describe, lookAt, type MachineLook } from '../machine/look.ts';
import { recipeOfImage } from '../machine/recipe.ts';
import { standingOf, type Standing } from '../machine/standing.ts';
import {
  isDeleting,
  isPublished,
  isUsable,
  namespaceOf,
  ownerOf,
  type LayeredImage,
} from '../objects.ts';
import type { Connection, Ports } from '../ports.ts';

/** What the plan of an image looks at. */
export interface ImageWorld {
  /** True once both checks of its connector passed. */
  readonly usable: boolean;
  readonly look: MachineLook;
  readonly standing: Standing;
  /** The publication of this revision, if the platform shows it. */
  readonly publication: PublicationSeen | undefined;
  readonly composition: string;
  /** True once the composition was made. */
  readonly composed: boolean;
  /** What was found on the disk as its machine left it now. */
  readonly inspection: InspectionRecord | undefined;
  readonly description: Description | undefined;
  /** True while the runner knows any job of it. */
  readonly hasJobs: boolean;
  /** True while an inspection lies in the store, of whichever machine. */
  readonly inspected: boolean;
  /** The composition whose evidence lies in the store and that nobody else needs. */
  readonly freeable: string | undefined;
  readonly compose: JobView;
  /** Present once the connector is open. */
  readonly jobs: { readonly upload?: JobView; readonly inspect?: JobView; readonly copy?: JobView };
}

/** Gathers what is known of an image: on its platform, in the store, and of its jobs. */
export async function observeImage(
  ports: Ports,
  image: LayeredImage,
  signal: AbortSignal,
): Promise<ImageWorld> {
  const { jobs, listers, store } = ports;
  const namespace = namespaceOf(image);
  const { key, connectorRef, revision } = image.spec;
  const config = listers.connectorConfigs.get(namespace, connectorRef.name);
  const at = {
    namespace,
    connector: connectorRef.name,
    key,
    handle: image.status?.handle,
    isLeaving: isDeleting(image),
  };
  const { look, connection } = await lookAt(ports.connections, at, signal);
  const recipe = recipeOfImage(image, look.can);
  const composition = compositionId(recipe);
  // What its machine used is used: it is not given to another one.
  const created = image.status?.disk !== undefined;
  const standing = standingOf(look, { composition, created });
  const composed = (await store.evidence.composed(composition)) !== undefined;
  const record = await store.evidence.inspection(key);
  const inspection =
    standing.at === 'ended' ? currentInspection(record, standing.machine, composition) : undefined;
  return {
    usable: isUsable(config),
    look,
    standing,
    publication: look.seen.known
      ? look.seen.things.publications.find((one) => one.revision === revision)
      : undefined,
    composition,
    composed,
    inspection,
    description:
      'machine' in standing && standing.at !== 'fresh'
        ? await describe(connection, key, signal)
        : undefined,
    hasJobs: jobs.isKnown(key),
    inspected: record !== undefined,
    freeable:
      composed && !isShared(ports, image, { composition, can: look.can }) ? composition : undefined,
    compose: viewOf(jobs, { kind: 'compose', key, recipe }),
    jobs:
      connection === undefined
        ? {}
        : jobsOf(ports, image, { connection, recipe, standing, inspection }),
  };
}

/** Targets of one template with the same task share a composition: the last one frees it. */
function isShared(
  { listers }: Pick<Ports, 'listers'>,
  image: LayeredImage,
  { composition, can }: { readonly composition: string; readonly can: Capabilities },
): boolean {
  const owner = ownerOf(image);
  const siblings = owner === undefined ? [] : listers.layeredImages.by(IMAGE_OWNER.name, owner);
  return siblings.some(
    (other) =>
      other.metadata.uid !== image.metadata.uid &&
      compositionId(recipeOfImage(other, can)) === composition &&
      !isPublished(other) &&
      !isDeleting(other),
  );
}

interface KnownInputs {
  readonly connection: Connection;
  readonly recipe: Recipe;
  readonly standing: Standing;
  readonly inspection: InspectionRecord | undefined;
}

function jobsOf(
  { jobs }: Pick<Ports, 'jobs'>,
  image: LayeredImage,
  known: KnownInputs,
): ImageWorld['jobs'] {
  const { connection, recipe, standing, inspection } = known;
  const { key, revision, connectorRef } = image.spec;
  const connector: ConnectorRef = {
    namespace: namespaceOf(image),
    name: connectorRef.name,
    location: connection.location,
  };
  const disk = { key, connector, recipe };
  const upload = viewOf(jobs, { kind: 'upload', ...disk });
  if (standing.at !== 'ended') {
    return { upload, copy: viewOf(jobs, { kind: 'copy', ...disk, revision }) };
  }
  const { boot } = standing.machine;
  const ran = { ...disk, ...(boot === undefined ? {} : { boot }) };
  const inspect = viewOf(jobs, { kind: 'inspect', ...ran });
  const attestation = inspection?.attestation;
  if (attestation === undefined) return { upload, inspect };
  return { upload, inspect, copy: viewOf(jobs, { kind: 'copy', ...ran, attestation, revision }) };
}
