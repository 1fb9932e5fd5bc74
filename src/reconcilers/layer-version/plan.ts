import type { LayerVersionStatus } from '../../api/kinds/layer-version.ts';
import type { Plan, PlannedCondition } from '../../kube/reconciler.ts';
import { actionCondition, actionSince, type Wanted } from '../action.ts';
import { progressOf, pursue, type JobView } from '../job-step.ts';
import type { Attempts } from '../machine/judge.ts';
import { placeOf } from '../machine/standing.ts';
import { isDeleting, type LayerVersion } from '../objects.ts';
import type { VersionWorld } from './observe.ts';
import { isAttended, packaging } from './packaging.ts';
import type { VersionNext, VersionStep } from './step.ts';

const MAKING_DISK = { reason: 'Composing', doing: 'making the packaging disk' };
const CLEANING = 'stored; removing the machine and its disk';

/** The way of one version from its inputs into the store. */
export function planVersion(
  version: LayerVersion,
  world: VersionWorld,
  nowMs: number,
): Plan<VersionStep, LayerVersionStatus> {
  const { action, attempts, ...verdict } = next(version, world, nowMs);
  const conditions = [
    ...milestones(version, world),
    ...(action === undefined ? [] : [actionCondition(action)]),
  ];
  const status = statusOf(version, world, { action, attempts }, nowMs);
  return { status, conditions, ...verdict };
}

function next(version: LayerVersion, world: VersionWorld, nowMs: number): VersionNext {
  if (isDeleting(version)) return leave(world);
  if (world.stored !== undefined) return finish(world);
  if (version.status?.stored !== undefined) return goneFromStore(version);
  if (version.spec.import !== undefined) return importing(version, world, nowMs);
  const open = world.below.filter(({ stored }) => stored === undefined);
  if (open.length > 0) {
    if (world.seats.isNext !== undefined) return brief({ do: 'leaveQueue' });
    const names = open.map(({ name }) => `LayerVersion/${name}`).join(', ');
    return waiting(names);
  }
  return world.machine === undefined
    ? prepare(version, world, nowMs)
    : packaging(version, world, nowMs);
}

/** Its machine has the same key, and ends all jobs of that first; without one we do. */
function leave(world: VersionWorld): VersionNext {
  if (world.machine !== undefined) {
    if (!isDeleting(world.machine)) return removing(removal(world.machine.metadata.name));
    const message = 'waits for its machine to be removed';
    return { verdict: 'waiting', reason: 'Deleting', message };
  }
  if (world.hasJobs) return removing({ do: 'cancelJobs' });
  const { hasEvidence, composition } = world;
  return hasEvidence ? removing({ do: 'forget', composition }) : { verdict: 'released' };
}

function removing(step: VersionStep): VersionNext {
  const message = 'removing what is left of the work';
  return { verdict: 'act', reason: 'Deleting', message, steps: [step] };
}

function removal(name: string): VersionStep {
  return { do: 'removeMachine', name };
}

function finish({ machine, hasEvidence, composition, stored }: VersionWorld): VersionNext {
  if (machine !== undefined) {
    const base = { reason: 'Finalizing', message: CLEANING };
    return isDeleting(machine)
      ? { verdict: 'waiting', ...base }
      : { verdict: 'act', ...base, steps: [removal(machine.metadata.name)] };
  }
  if (hasEvidence) {
    const steps: readonly [VersionStep] = [{ do: 'forget', composition }];
    return { verdict: 'act', brief: true, reason: 'Finalizing', message: CLEANING, steps };
  }
  const message = `stored as ${stored?.repository}:${stored?.tag}`;
  return { verdict: 'settled', reason: 'Deployable', message };
}

/** A store that was restored from an older copy, or lost a part: what it does not have is made again, and that is told. */
function goneFromStore({ spec: { repository, tag } }: LayerVersion): VersionNext {
  const message = `${repository}:${tag} was in the store and is not there any more; it is made again. To keep its bytes, restore the store from a newer copy`;
  const note = { type: 'Warning', reason: 'GoneFromStore', message } as const;
  const steps: readonly [VersionStep] = [{ do: 'forgetInspection' }];
  return { verdict: 'act', reason: 'Waiting', message, steps, note };
}

function importing(version: LayerVersion, world: VersionWorld, nowMs: number): VersionNext {
  const file = version.spec.import?.file;
  const job = world.jobs.import;
  if (world.importsFiles && job !== undefined) {
    return pursue(job, { reason: 'Importing', doing: `taking ${file} into the store` }, nowMs);
  }
  const message = `import of ${file} is refused: start the controller with --import-root to allow files below a folder`;
  return { verdict: 'stalled', reason: 'Failed', message };
}

function prepare(version: LayerVersion, world: VersionWorld, nowMs: number): VersionNext {
  const { usable, seats, composed, jobs } = world;
  const connector = version.spec.package?.connectorRef.name;
  // The next machine may call its boots by the same names.
  if (world.inspected) return brief({ do: 'forgetInspection' });
  if (!usable) return waiting(`ConnectorConfig/${connector} to be Ready`);
  // A composition that fails keeps no machine from others.
  const failed = failureOf(jobs.compose, nowMs);
  if (failed !== undefined)
    return seats.isNext === undefined ? failed : brief({ do: 'leaveQueue' });
  if (seats.isNext === undefined) return brief({ do: 'queue' });
  if (!seats.isNext) {
    return waiting(`one of the ${seats.limit} machines of ConnectorConfig/${connector}`);
  }
  if (!composed && jobs.compose !== undefined) return pursue(jobs.compose, MAKING_DISK, nowMs);
  return brief({ do: 'createMachine' });
}

/** What there is to say of a job that failed and may not be tried again yet. */
function failureOf(job: JobView | undefined, nowMs: number): VersionNext | undefined {
  if (job?.state?.state !== 'failed') return undefined;
  const next = pursue(job, MAKING_DISK, nowMs);
  return next.verdict === 'act' ? undefined : next;
}

function waiting(on: string): VersionNext {
  return { verdict: 'waiting', reason: 'Waiting', message: `waits for ${on}` };
}

/** A step of a moment, whose status is that of what follows. */
function brief(step: VersionStep): VersionNext {
  const { reason, doing: message } = MAKING_DISK;
  return { verdict: 'act', brief: true, reason, message, steps: [step] };
}

function statusOf(
  version: LayerVersion,
  world: VersionWorld,
  told: { readonly action: Wanted | undefined; readonly attempts: Attempts | undefined },
  nowMs: number,
): LayerVersionStatus {
  const { stored, machine } = world;
  if (stored !== undefined) return { stored };
  const progress = progressOfWork(world);
  const location = locationOf(version, world);
  const attended = isAttended(version, machine, told.action);
  const attempts = told.attempts ?? attemptsBefore(version, world);
  return {
    ...(told.action === undefined
      ? {}
      : { action: actionSince(told.action, version.status?.action, nowMs) }),
    ...(attended ? { attended } : {}),
    ...(attempts === undefined ? {} : { attempts }),
    ...(world.composition === undefined ? {} : { composition: world.composition }),
    ...(location === undefined ? {} : { location }),
    ...(progress === undefined ? {} : { progress }),
  };
}

/** Where its machine is; where it was shown before, while the platform is not known. */
function locationOf(
  { status }: LayerVersion,
  { key, machine, standing }: VersionWorld,
): LayerVersionStatus['location'] {
  if (machine === undefined) return undefined;
  if ('machine' in standing) return placeOf(key, standing.machine);
  return standing.at === 'unknown' ? status?.location : undefined;
}

function progressOfWork({ jobs, machine }: VersionWorld) {
  const { import: importing, compose, inspect, capture } = jobs;
  const running = [importing, compose, inspect, capture].map(progressOf);
  return running.find((one) => one !== undefined) ?? machine?.status?.progress;
}

/** A person who deletes the machine of a person starts afresh. */
function attemptsBefore({ status }: LayerVersion, { machine }: VersionWorld): Attempts | undefined {
  return machine === undefined && status?.attended === true ? undefined : status?.attempts;
}

/** How far a version came, as conditions. */
function milestones(
  version: LayerVersion,
  { stored, machine, composed, inspection }: VersionWorld,
): readonly PlannedCondition[] {
  const made: PlannedCondition[] = [];
  if (version.spec.package !== undefined) {
    if (stored !== undefined || machine !== undefined || composed) {
      made.push(done('PackagingDiskReady', 'Composed', 'the packaging disk is composed'));
    }
    if (stored !== undefined || inspection?.found.verdict === 'clean') {
      const message = 'shut down by the guest tool, and nothing blocks the capture';
      made.push(done('IntegrityVerified', 'Clean', message));
    }
  }
  if (stored !== undefined) made.push(done('Finalized', 'Stored', 'captured and stored'));
  return made;
}

function done(type: string, reason: string, message: string): PlannedCondition {
  return { type, status: 'True', reason, message };
}
