import type { LayeredImageStatus } from '../../api/kinds/layered-image.ts';
import type { Plan, PlannedCondition } from '../../kube/reconciler.ts';
import { actionCondition, actionSince, withoutHandle, type Wanted } from '../action.ts';
import { progressOf } from '../job-step.ts';
import type { Attempts } from '../machine/judge.ts';
import { placeOf } from '../machine/standing.ts';
import { isDeleting, type LayeredImage } from '../objects.ts';
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
  const { operation } = world.look;
  const isOver = operation !== undefined && operation.state !== 'running';
  return {
    status: isOver ? withoutHandle(status) : status,
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
  if (look.connected && isDeleting(image)) return leave(image, world);
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

function statusOf(
  image: LayeredImage,
  world: ImageWorld,
  told: { readonly action: Wanted | undefined; readonly attempts: Attempts | undefined },
  nowMs: number,
): LayeredImageStatus {
  const published = publishedOf(image, world);
  if (published.published !== undefined) return published;
  const { compose, jobs, standing } = world;
  const running = [compose, jobs.upload, jobs.inspect, jobs.copy]
    .map(progressOf)
    .find((one) => one !== undefined);
  const before = image.status;
  const machine = 'machine' in standing ? standing.machine : undefined;
  const location = machine === undefined ? undefined : placeOf(image.spec.key, machine);
  const attempts = told.attempts ?? before?.attempts;
  const attended = machine !== undefined && isAttended(image, told.action);
  return {
    ...(told.action === undefined
      ? {}
      : { action: actionSince(told.action, before?.action, nowMs) }),
    ...(attended ? { attended } : {}),
    ...(attempts === undefined ? {} : { attempts }),
    ...(location === undefined ? {} : { location }),
    ...(running === undefined ? {} : { progress: running }),
  };
}

function milestones(image: LayeredImage, world: ImageWorld): readonly PlannedCondition[] {
  const { standing, look } = world;
  const published = publishedOf(image, world).published !== undefined;
  if (!look.seen.known) return before(image);
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

/** What was reached before: an outage takes nothing back. */
function before({ status }: LayeredImage): readonly PlannedCondition[] {
  return (status?.conditions ?? []).filter(({ type }) => OURS.has(type));
}

function milestone(
  reached: boolean,
  type: string,
  reason: string,
  message: string,
): readonly PlannedCondition[] {
  return reached ? [{ type, status: 'True', reason, message }] : [];
}
