import { conditionOf } from '../../api/object.ts';
import type { MachineSeen } from '../../connectors/connector.ts';
import { instantOf } from '../../core/clock.ts';
import { cleanLine } from '../../core/text.ts';
import { ask, asBefore } from '../action.ts';
import { pursue, type JobView, type JobWords } from '../job-step.ts';
import {
  lastWords,
  lookAgainMs,
  overdue,
  startOver,
  LOOK_AGAIN_MS,
  MOST_ATTEMPTS,
  POLL_MS,
} from '../machine/judge.ts';
import { diskOf, removalOf } from '../machine/standing.ts';
import { isDeleting, isPublished, type LayeredImage } from '../objects.ts';
import type { ImageWorld } from './observe.ts';
import { isAttended, type ImageNext, type ImageStep } from './step.ts';

const FINISH = 'run /var/lib/lamina/finish in it';

/** Jobs end first. What belongs to a publication stays: it outlives our records. */
export function leave(image: LayeredImage, world: ImageWorld): ImageNext {
  const { hasJobs, look } = world;
  if (hasJobs) return act('Deleting', 'ending its jobs', { do: 'cancelJobs' });
  const under = operating(world);
  if (under !== undefined) return under;
  // Without a connector nothing was ever put anywhere, unless its disk had been made before.
  const isUnseen = look.connected || conditionOf(image, 'Composed') !== undefined;
  if (!look.seen.known && isUnseen && !isPublished(image)) return wait(image, look.seen.why);
  const [first, ...rest] = cleaning(world);
  if (first === undefined) return { verdict: 'released' };
  return act('Deleting', 'removing what is left of the work', first, ...rest);
}

/** True where the machine itself is the publication. */
function staysWithMachine({ look, publication }: ImageWorld): boolean {
  return publication !== undefined && look.can.published === 'machine';
}

/** What is left of the work and goes next. */
function cleaning(world: ImageWorld): readonly ImageStep[] {
  const { look, inspected, freeable } = world;
  const removal = staysWithMachine(world) ? [] : removalOf(look);
  if (removal.length > 0) return removal;
  return [
    ...(inspected ? [{ do: 'forgetInspection' } as const] : []),
    ...(freeable === undefined ? [] : [{ do: 'forgetComposed', composition: freeable } as const]),
  ];
}

/** Published: what the publication does not need goes. */
export function finish(image: LayeredImage, world: ImageWorld): ImageNext {
  const under = operating(world);
  if (under !== undefined) return under;
  const [first, ...rest] = cleaning(world);
  if (first !== undefined) {
    return act('Publishing', 'published; removing what is left of the work', first, ...rest);
  }
  const { publication } = world;
  const message = `revision ${image.spec.revision} is published: ${publication?.text}`;
  return { verdict: 'settled', reason: 'Published', message, recheckMs: LOOK_AGAIN_MS };
}

function act(
  reason: string,
  message: string,
  ...steps: readonly [ImageStep, ...ImageStep[]]
): ImageNext {
  return { verdict: 'act', reason, message, steps };
}

/** The platform is at work for us, or was and failed. */
function operating({ standing }: ImageWorld): ImageNext | undefined {
  if (standing.at === 'broken') {
    return act('Publishing', 'telling of a failure', { do: 'tell', failure: standing.failure });
  }
  if (standing.at !== 'operating') return undefined;
  const message = `the platform is at work, ${Math.floor(standing.percent / 10) * 10} %`;
  return { verdict: 'waiting', reason: 'Publishing', message, recheckMs: POLL_MS };
}

/** A published image stays published while its platform cannot be reached. */
function wait(image: LayeredImage, why: string): ImageNext {
  const isResting = image.status?.handle === undefined && !isDeleting(image);
  if (isPublished(image) && isResting) {
    const message = `revision ${image.spec.revision} was published; not seen now: ${why}`;
    return { verdict: 'settled', reason: 'Published', message, recheckMs: LOOK_AGAIN_MS };
  }
  return { ...asBefore(image, { reason: 'Waiting', why }), recheckMs: LOOK_AGAIN_MS };
}

/** What comes next for an image that is not published. */
export function publishing(image: LayeredImage, world: ImageWorld, nowMs: number): ImageNext {
  const { standing, look } = world;
  const under = operating(world);
  if (under !== undefined) return under;
  const ended = endedDisk(image, world);
  if (ended !== undefined) return ended;
  switch (standing.at) {
    case 'unknown':
      return wait(image, standing.why);
    case 'lost':
      return lost(image, world);
    case 'diskless':
      return preparing(world, nowMs);
    case 'otherDisk':
      return act('Uploading', 'removing the disk of another composition', { do: 'deleteDisk' });
    case 'unmade':
      return look.can.runsScripts ? making(image) : publishNow(image, world, nowMs);
    case 'fresh': {
      const step = { do: 'power', want: { to: 'on', after: undefined } } as const;
      return act('Uploading', 'switching the image on for its layer scripts', step);
    }
    case 'running':
      return running(image, world, standing.machine, nowMs);
    case 'stopped':
      return act('Publishing', 'it is off inside; giving back what it costs', {
        do: 'power',
        want: { to: 'off' },
      });
    case 'ended':
      return verify(image, world, nowMs);
    default:
      return wait(image, 'it is being looked at');
  }
}

function preparing(world: ImageWorld, nowMs: number): ImageNext {
  const { composed, compose, jobs, inspected } = world;
  // The next machine may call its boots by the same names.
  if (inspected) return forgetting('Composing', 'forgetting the machine that is gone');
  if (!composed) {
    return pursue(compose, { reason: 'Composing', doing: 'making the disk of the image' }, nowMs);
  }
  return step(
    jobs.upload,
    { reason: 'Uploading', doing: 'putting the image on the platform' },
    nowMs,
  );
}

function forgetting(reason: string, message: string): ImageNext {
  return { verdict: 'act', brief: true, reason, message, steps: [{ do: 'forgetInspection' }] };
}

function step(job: JobView | undefined, words: JobWords, nowMs: number): ImageNext {
  if (job !== undefined) return pursue(job, words, nowMs);
  return { verdict: 'waiting', reason: words.reason, message: words.doing, recheckMs: POLL_MS };
}

function making({ metadata }: LayeredImage): ImageNext {
  const want = { displayName: metadata.name, purpose: 'published' } as const;
  return act('Uploading', 'making the machine of the image', { do: 'createMachine', want });
}

function running(
  image: LayeredImage,
  world: ImageWorld,
  machine: MachineSeen,
  nowMs: number,
): ImageNext {
  // It may be called by the same name as the boot that was looked at.
  if (world.inspected) return forgetting('Publishing', 'the machine was switched on again');
  if (isAttended(image, undefined)) {
    return ask({ gate: 'ShutDown', text: `Look at the image, then ${FINISH}.` }, image.spec.key);
  }
  const { lastTransitionTime } = conditionOf(image, 'Uploaded') ?? {};
  const since =
    machine.bootedAt ?? instantOf(lastTransitionTime ?? image.metadata.creationTimestamp);
  const why = overdue(world.look, machine, since, nowMs);
  if (why !== undefined) return again(image, world, why);
  const message = 'the image runs its layer scripts and shuts down';
  const recheckMs = lookAgainMs(world.look, machine, since, nowMs);
  return { verdict: 'waiting', reason: 'Publishing', message, recheckMs };
}

function lost(image: LayeredImage, world: ImageWorld): ImageNext {
  if (!isAttended(image, undefined)) return again(image, world, 'it is gone from its platform');
  const text = `The machine of the image is gone from its platform; ${toStartOver(image)}.`;
  return ask({ gate: 'MachineLost', text }, undefined);
}

function toStartOver({ metadata }: LayeredImage): string {
  return `delete LayeredImage/${metadata.name} to start over`;
}

/** The disk of a machine that was given up: with it goes whatever the machine did to it. */
function endedDisk(image: LayeredImage, world: ImageWorld): ImageNext | undefined {
  const { attempts } = image.status ?? {};
  if (attempts === undefined || diskOf(world.look) !== attempts.ended) return undefined;
  if (isAttended(image, undefined)) return undefined;
  const message = `starting over, ${attempts.count} of ${MOST_ATTEMPTS}`;
  return act('Publishing', message, ...goingWith(world));
}

/** Jobs first: what they read or write is about to go. Then the machine, since it has the disk. */
function goingWith({ look, hasJobs }: ImageWorld): readonly [ImageStep, ...ImageStep[]] {
  const removal = removalOf(look)[0] ?? ({ do: 'deleteDisk' } as const);
  return hasJobs ? [{ do: 'cancelJobs' }, removal] : [removal];
}

/** Starts an unattended machine over, until that was tried often enough. */
function again(image: LayeredImage, world: ImageWorld, why: string): ImageNext {
  const over = startOver(image.status?.attempts, image.status?.disk ?? diskOf(world.look) ?? '');
  const told = `The machine of the image: ${why}.${lastWords(world.description)}`;
  if (over.next === 'ask') return askAtLast(image, world, told);
  const message = `${told} Starting over, ${over.attempts.count} of ${MOST_ATTEMPTS}`;
  if (over.next === 'remove') return act('Publishing', message, ...goingWith(world));
  return {
    ...act('Publishing', message, ...goingWith(world)),
    attempts: over.attempts,
    note: { type: 'Warning', reason: 'StartedOver', message },
  };
}

function askAtLast(image: LayeredImage, { standing }: ImageWorld, told: string): ImageNext {
  const often = `${told} It was started over ${MOST_ATTEMPTS} times.`;
  if (standing.at === 'lost') {
    const text = `${often} To try it again, ${toStartOver(image)}.`;
    return ask({ gate: 'MachineLost', text }, undefined);
  }
  const text = `${often} Look at it, then ${FINISH}; or ${toStartOver(image)}.`;
  return ask({ gate: 'ScriptsFailed', text }, image.spec.key);
}

function verify(image: LayeredImage, world: ImageWorld, nowMs: number): ImageNext {
  const { inspection, jobs } = world;
  const { key } = image.spec;
  if (inspection === undefined) {
    const words = { reason: 'Publishing', doing: 'inspecting the disk of the image' };
    return step(jobs.inspect, words, nowMs);
  }
  const { found } = inspection;
  switch (found.verdict) {
    case 'clean':
      return publishNow(image, world, nowMs);
    case 'unattested':
      return isAttended(image, undefined)
        ? ask({ gate: 'ShutDown', text: found.hint }, key)
        : again(image, world, found.hint.replace(/\.$/, ''));
    case 'failed': {
      const where = `layer script ${found.step} ended with exit code ${found.exitCode}`;
      return ask(
        { gate: 'ScriptsFailed', text: `${where}: ${cleanLine(found.log.slice(-300))}` },
        key,
      );
    }
    case 'blocked': {
      const text = found.reasons.map(({ reason, cure }) => `${reason}: ${cure}`).join('; ');
      // Nobody attested anything: a machine that died left its file system as it was.
      const died = inspection.attestation === undefined && !isAttended(image, undefined);
      return died ? again(image, world, text) : ask({ gate: 'ScriptsFailed', text }, key);
    }
  }
}

function publishNow(image: LayeredImage, world: ImageWorld, nowMs: number): ImageNext {
  const { standing, look, jobs } = world;
  const words = { reason: 'Publishing', doing: 'publishing the image' };
  if (look.can.published === 'file') return step(jobs.copy, words, nowMs);
  const after = standing.at === 'ended' ? standing.machine.boot : undefined;
  const want = { revision: image.spec.revision, after };
  return act(words.reason, words.doing, { do: 'publish', want });
}
