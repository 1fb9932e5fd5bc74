import type { LayeredImageStatus } from '../../api/kinds/layered-image.ts';
import type { Composed, Inspection } from '../../jobs/spec.ts';
import type { Plan, PlannedCondition, Verdict } from '../../kube/reconciler.ts';
import { actionCondition, actionSince, type Wanted } from '../action.ts';
import { progressOf, pursue, type JobStep } from '../job-step.ts';
import { isDeleting, type LayeredImage } from '../objects.ts';
import type { ImageWorld } from './observe.ts';

/** What an image can do on its platform. */
export type PlatformStep =
  | { readonly do: 'putDisk'; readonly composed: Composed }
  | {
      readonly do: 'createMachine' | 'powerOn' | 'snapshot' | 'deleteMachine' | 'deleteDisk';
    };

/** What an image can do. */
export type ImageStep = JobStep | PlatformStep | { readonly do: 'discard' };

type Next = Verdict<ImageStep> & { readonly action?: Wanted };

/** The way of one image from its layers to a published disk. */
export function planImage(
  image: LayeredImage,
  world: ImageWorld,
  nowMs: number,
): Plan<ImageStep, LayeredImageStatus> {
  const { action, ...verdict } = next(image, world);
  const conditions = [
    ...milestones(world),
    ...(action === undefined ? [] : [actionCondition(action)]),
  ];
  const running = progressOf(world.compose.state) ?? progressOf(world.inspect?.state);
  const location = locationOf(world);
  const status: LayeredImageStatus = {
    ...(action === undefined ? {} : { action: actionSince(action, image.status?.action, nowMs) }),
    ...(location === undefined ? {} : { location }),
    ...(running === undefined ? {} : { progress: running }),
  };
  return { status, conditions, ...verdict };
}

function next(image: LayeredImage, world: ImageWorld): Next {
  const connector = image.spec.connectorRef.name;
  if (isDeleting(image) && world.connected) return leave(world);
  if (
    !world.connected ||
    (!world.connectorReady && world.machine === undefined && world.snapshot === undefined)
  ) {
    const message = `waits for ConnectorConfig/${connector} to be Ready`;
    return { verdict: 'waiting', reason: 'Waiting', message };
  }
  if (world.snapshot !== undefined) return finish(image, world);
  if (world.machine === undefined) return prepare(world);
  if (world.machine.poweredOnAt === undefined && world.machine.power === 'off') {
    return act('Uploading', 'switching the image on for its layer scripts', { do: 'powerOn' });
  }
  if (world.machine.power === 'on') return running(image, world);
  return verify(world);
}

function act(reason: string, message: string, ...steps: [ImageStep, ...ImageStep[]]): Next {
  return { verdict: 'act', reason, message, steps };
}

/** Whatever is left of the work; a published snapshot stays, it belongs to people. */
function cleaning({ machine, hasDisk, hasComposed }: ImageWorld): readonly ImageStep[] {
  const steps: ImageStep[] = [];
  if (machine !== undefined) steps.push({ do: 'deleteMachine' });
  if (hasDisk) steps.push({ do: 'deleteDisk' });
  if (hasComposed) steps.push({ do: 'discard' });
  return steps;
}

function leave(world: ImageWorld): Next {
  const [first, ...rest] = cleaning(world);
  if (first === undefined) return { verdict: 'released' };
  return act('Deleting', 'removing what is left of the work', first, ...rest);
}

function finish(image: LayeredImage, world: ImageWorld): Next {
  const [first, ...rest] = cleaning(world);
  if (first !== undefined) {
    return act('Publishing', 'published; removing the machine and its disk', first, ...rest);
  }
  const message = `published as ${world.snapshot?.path}`;
  return {
    verdict: 'settled',
    reason: 'Published',
    message: `revision ${image.spec.revision} is ${message}`,
  };
}

function prepare(world: ImageWorld): Next {
  const { state } = world.compose;
  if (state?.state !== 'succeeded')
    return pursue(world.compose, 'Composing', 'making the disk of the image');
  const composed = state.result as Composed;
  const create: ImageStep = { do: 'createMachine' };
  const message = 'putting the image on the platform';
  return world.hasDisk
    ? act('Uploading', message, create)
    : act('Uploading', message, { do: 'putDisk', composed }, create);
}

function running(image: LayeredImage, world: ImageWorld): Next {
  if (image.spec.shutdownWhenDone) {
    const message = 'the image runs its layer scripts and shuts down';
    return { verdict: 'waiting', reason: 'Publishing', message };
  }
  return ask(world, 'ShutDown', 'Look at the image, then run /var/lib/lamina/finish in it.');
}

function ask(world: ImageWorld, gate: string, text: string): Next {
  const machine = world.machine?.key;
  const action = { gate, text, ...(machine === undefined ? {} : { machine }) };
  return { verdict: 'waiting', reason: 'ActionRequired', message: text, action };
}

function verify(world: ImageWorld): Next {
  const { inspect } = world;
  if (inspect?.state?.state !== 'succeeded') {
    if (inspect !== undefined)
      return pursue(inspect, 'Publishing', 'inspecting the disk of the image');
    return {
      verdict: 'waiting',
      reason: 'Publishing',
      message: 'waits for the disk of the image',
      recheckMs: 5000,
    };
  }
  const found = inspect.state.result as Inspection;
  switch (found.verdict) {
    case 'clean':
      return act('Publishing', 'taking the snapshot', { do: 'snapshot' });
    case 'unattested':
      return ask(world, 'ShutDown', found.hint);
    case 'failed': {
      const where = `layer script ${found.step} ended with exit code ${found.exitCode}`;
      return ask(world, 'ScriptsFailed', `${where}: ${found.log.trim().slice(-300)}`);
    }
    case 'blocked':
      return ask(
        world,
        'ScriptsFailed',
        found.reasons.map(({ reason, cure }) => `${reason}: ${cure}`).join('; '),
      );
  }
}

function locationOf({ snapshot, machine }: ImageWorld): LayeredImageStatus['location'] {
  if (snapshot !== undefined) return { text: `Published as ${snapshot.path}`, path: snapshot.path };
  if (machine === undefined) return undefined;
  const socket = machine.console.serialSocket;
  const place = { text: machine.location, machine: machine.key };
  return socket === undefined ? place : { ...place, path: socket };
}

function milestones(world: ImageWorld): readonly PlannedCondition[] {
  const published = world.snapshot !== undefined;
  const inspected = world.inspect?.state;
  const attested =
    published ||
    (inspected?.state === 'succeeded' && (inspected.result as Inspection).verdict === 'clean');
  const uploaded = published || world.hasDisk || world.machine !== undefined;
  const composed = uploaded || world.compose.state?.state === 'succeeded';
  return [
    ...milestone(composed, 'Composed', 'Composed', 'the disk is made'),
    ...milestone(uploaded, 'Uploaded', 'Uploaded', 'the platform holds the disk'),
    ...milestone(
      attested,
      'ScriptsCompleted',
      'Attested',
      'the guest tool attested that the scripts ran',
    ),
    ...milestone(published, 'SnapshotTaken', 'Taken', 'the published disk exists'),
  ];
}

function milestone(
  reached: boolean,
  type: string,
  reason: string,
  message: string,
): readonly PlannedCondition[] {
  return reached ? [{ type, status: 'True', reason, message }] : [];
}
