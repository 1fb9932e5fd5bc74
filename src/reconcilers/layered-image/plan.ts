import type { LayeredImageStatus } from '../../api/kinds/layered-image.ts';
import type { Plan, PlannedCondition } from '../../kube/reconciler.ts';
import { actionCondition, actionSince, type Wanted } from '../action.ts';
import { progressOf } from '../job-step.ts';
import type { Attempts } from '../machine/judge.ts';
import { afterOperation, diskOf, placeOf } from '../machine/standing.ts';
import { conditionsBefore, isDeleting, type LayeredImage } from '../objects.ts';
import type { ImageWorld } from './observe.ts';
import { finish, leave, publishing } from './publishing.ts';
import { isAttended, type ImageNext, type ImageStep } from './step.ts';

/** The way of one image from its layers to its publication. */
export function planImage(
  image: LayeredImage,
  world: ImageWorld,
  nowMs: number,
): Plan<ImageStep, LayeredImageStatus> {
  const { action, attempts, ...verdict } = next(image, world, nowMs);
  const status = statusOf(image, world, { action, attempts }, nowMs);
  return {
    status: afterOperation(status, world.look),
    conditions: [
      ...milestones(image, world),
      ...(action === undefined ? [] : [actionCondition(action)]),
    ],
    ...verdict,
  };
}

function next(image: LayeredImage, world: ImageWorld, nowMs: number): ImageNext {
  const { look, standing, usable, publication } = world;
  const { name } = image.spec.connectorRef;
  if (isDeleting(image)) return leave(image, world);
  const isEmpty = look.seen.known && standing.at === 'diskless' && publication === undefined;
  if (!look.connected || (!usable && isEmpty)) {
    const message = `waits for ConnectorConfig/${name} to be Ready`;
    return { verdict: 'waiting', reason: 'Waiting', message };
  }
  return publication === undefined ? publishing(image, world, nowMs) : finish(image, world);
}

/** What is remembered of the publication: an outage takes nothing back. */
function publishedOf(
  image: LayeredImage,
  { look, publication }: ImageWorld,
): Pick<LayeredImageStatus, 'published' | 'location'> {
  if (publication !== undefined) {
    const { id, text, path } = publication;
    return { published: { id }, location: { text, ...(path === undefined ? {} : { path }) } };
  }
  const { published, location } = image.status ?? {};
  if (look.seen.known || published === undefined) return {};
  return { published, ...(location === undefined ? {} : { location }) };
}

/**
 * What a person or a run did to the machine is known from here on: a machine that is not seen for now, or
 * is gone, is not quietly made again where a person worked in it.
 */
function usedOf(
  image: LayeredImage,
  { look, standing }: ImageWorld,
  action: Wanted | undefined,
): Pick<LayeredImageStatus, 'attended' | 'disk'> {
  const { attended, disk } = image.status ?? {};
  if ('machine' in standing) {
    const made = diskOf(look) ?? disk ?? image.spec.key;
    return { ...(isAttended(image, action) ? { attended: true } : {}), disk: made };
  }
  if (attended === true) return { attended, ...(disk === undefined ? {} : { disk }) };
  const isGone = look.seen.known && diskOf(look) === undefined && action === undefined;
  const isFree = isGone && standing.at !== 'operating' && image.spec.shutdownWhenDone;
  return disk === undefined || isFree ? {} : { disk };
}

/** Where the machine is; while that cannot be seen, where it was. */
function whereOf({ spec, status }: LayeredImage, { look, standing }: ImageWorld) {
  if ('machine' in standing) return placeOf(spec.key, standing.machine);
  return isHidden({ look, standing }) ? status?.location : undefined;
}

/** True while nothing can be said of the machine. */
function isHidden({ look, standing }: Pick<ImageWorld, 'look' | 'standing'>): boolean {
  return !look.seen.known || standing.at === 'operating' || standing.at === 'broken';
}

function statusOf(
  image: LayeredImage,
  world: ImageWorld,
  told: { readonly action: Wanted | undefined; readonly attempts: Attempts | undefined },
  nowMs: number,
): LayeredImageStatus {
  const published = publishedOf(image, world);
  if (published.published !== undefined) return published;
  const { compose, jobs } = world;
  const running = [compose, jobs.upload, jobs.inspect, jobs.copy]
    .map(progressOf)
    .find((one) => one !== undefined);
  const before = image.status;
  const location = whereOf(image, world);
  const attempts = told.attempts ?? before?.attempts;
  return {
    ...(told.action === undefined
      ? {}
      : { action: actionSince(told.action, before?.action, nowMs) }),
    ...usedOf(image, world, told.action),
    ...(attempts === undefined ? {} : { attempts }),
    ...(location === undefined ? {} : { location }),
    ...(running === undefined ? {} : { progress: running }),
  };
}

function milestones(image: LayeredImage, world: ImageWorld): readonly PlannedCondition[] {
  const { standing, look } = world;
  const published = publishedOf(image, world).published !== undefined;
  // An outage takes nothing back.
  if (isHidden(world)) return conditionsBefore(image, OURS);
  const attested = published || world.inspection?.found.verdict === 'clean';
  const uploaded = published || standing.at === 'unmade' || 'machine' in standing;
  return [
    ...milestone(uploaded || world.composed, 'Composed', 'Composed', 'the disk is made'),
    ...milestone(uploaded, 'Uploaded', 'Uploaded', 'the platform holds the disk'),
    ...milestone(
      attested && look.can.runsScripts,
      'ScriptsCompleted',
      'Attested',
      'the guest tool attested that the scripts ran',
    ),
    ...milestone(published, 'SnapshotTaken', 'Taken', 'the publication exists'),
  ];
}

const OURS: ReadonlySet<string> = new Set([
  'Composed',
  'Uploaded',
  'ScriptsCompleted',
  'SnapshotTaken',
]);

function milestone(
  reached: boolean,
  type: string,
  reason: string,
  message: string,
): readonly PlannedCondition[] {
  return reached ? [{ type, status: 'True', reason, message }] : [];
}
