import { gateAnnotation } from '../../api/annotations.ts';
import { conditionOf } from '../../api/conditions.ts';
import type { LayerVersionStatus } from '../../api/kinds/layer-version.ts';
import { digestOf, hash8 } from '../../core/digest.ts';
import type { Inspection } from '../../jobs/spec.ts';
import type { Plan, PlannedCondition, Verdict } from '../../kube/reconciler.ts';
import { actionCondition, actionSince, type Wanted } from '../action.ts';
import { progressOf, pursue, type JobStep, type JobView } from '../job-step.ts';
import { holds, isDeleting, type LayerVersion } from '../objects.ts';
import type { VersionWorld } from './observe.ts';

/** What a LayerVersion can do. */
export type VersionStep =
  | JobStep
  | { readonly do: 'createMachine' }
  | { readonly do: 'removeMachine'; readonly name: string }
  | { readonly do: 'discard' };

const MAKING_MACHINE = 'making the packaging machine';
const CLEANING = 'stored; removing the machine and its disk';

/** A verdict, and what a person must do where that is what it waits for. */
type Next = Verdict<VersionStep> & { readonly action?: Wanted };

/** The way of one version from its inputs into the store. */
export function planVersion(
  version: LayerVersion,
  world: VersionWorld,
  nowMs: number,
): Plan<VersionStep, LayerVersionStatus> {
  const { action, ...verdict } = next(version, world);
  const conditions = [
    ...milestones(version, world),
    ...(action === undefined ? [] : [actionCondition(action)]),
  ];
  return { status: statusOf(version, world, action, nowMs), conditions, ...verdict };
}

function next(version: LayerVersion, world: VersionWorld): Next {
  if (isDeleting(version)) return leave(world);
  if (world.stored !== undefined) return finish(world);
  if (version.spec.import !== undefined) return importing(version, world);
  const open = world.below.filter(({ stored }) => stored === undefined);
  if (open.length > 0) {
    const names = open.map(({ name }) => `LayerVersion/${name}`).join(', ');
    return { verdict: 'waiting', reason: 'Waiting', message: `waits for ${names}` };
  }
  return world.machine === undefined ? prepare(version, world) : packaging(version, world);
}

function leave(world: VersionWorld): Next {
  const steps = cleaning(world);
  const [first, ...rest] = steps;
  if (first !== undefined) {
    const message = 'removing what is left of the work';
    return { verdict: 'act', reason: 'Deleting', message, steps: [first, ...rest] };
  }
  if (world.machine !== undefined) {
    return {
      verdict: 'waiting',
      reason: 'Deleting',
      message: 'waits for its machine to be removed',
    };
  }
  return { verdict: 'released' };
}

/** The machine first: its disk stands on the composed one. */
function cleaning({ machine, hasComposed }: VersionWorld): readonly VersionStep[] {
  if (machine !== undefined) {
    return isDeleting(machine) ? [] : [{ do: 'removeMachine', name: machine.metadata.name }];
  }
  return hasComposed ? [{ do: 'discard' }] : [];
}

function finish(world: VersionWorld): Next {
  const [first, ...rest] = cleaning(world);
  if (first !== undefined) {
    return { verdict: 'act', reason: 'Finalizing', message: CLEANING, steps: [first, ...rest] };
  }
  if (world.machine !== undefined) {
    return { verdict: 'waiting', reason: 'Finalizing', message: CLEANING };
  }
  const message = `stored as ${world.stored?.repository}:${world.stored?.tag}`;
  return { verdict: 'settled', reason: 'Deployable', message };
}

function importing(version: LayerVersion, world: VersionWorld): Next {
  const { file } = version.spec.import ?? { file: '' };
  const job = world.jobs.import;
  if (job !== undefined) return pursue(job, 'Importing', `taking ${file} into the store`);
  const message = `import of ${file} is refused: start the controller with --import-root to allow files below a folder`;
  return { verdict: 'stalled', reason: 'Failed', message };
}

function prepare(version: LayerVersion, world: VersionWorld): Next {
  const connector = version.spec.package?.connectorRef.name ?? '';
  if (!world.connectorReady) {
    const message = `waits for ConnectorConfig/${connector} to be Ready`;
    return { verdict: 'waiting', reason: 'Waiting', message };
  }
  if (world.machinesInUse >= world.machineLimit) {
    const message = `waits for one of the ${world.machineLimit} machines of ConnectorConfig/${connector}`;
    return { verdict: 'waiting', reason: 'Waiting', message };
  }
  const job = world.jobs.compose;
  if (job?.state?.state !== 'succeeded') return step(job, 'Composing', 'making the packaging disk');
  return {
    verdict: 'act',
    reason: 'Uploading',
    message: MAKING_MACHINE,
    steps: [{ do: 'createMachine' }],
  };
}

function step(job: JobView | undefined, reason: string, doing: string): Next {
  if (job === undefined) return { verdict: 'waiting', reason, message: doing };
  return pursue(job, reason, doing);
}

function packaging(version: LayerVersion, world: VersionWorld): Next {
  const { machine } = world;
  if (machine !== undefined && isDeleting(machine)) {
    return {
      verdict: 'waiting',
      reason: 'Waiting',
      message: 'the old machine is being removed, then it starts over',
    };
  }
  if (!holds(machine, 'PoweredOn')) {
    return { verdict: 'waiting', reason: 'Uploading', message: MAKING_MACHINE };
  }
  if (holds(machine, 'ShutDown')) return verify(version, world);
  if (version.spec.package?.install !== undefined) {
    return { verdict: 'waiting', reason: 'Packaging', message: 'the machine installs by itself' };
  }
  const text = version.spec.package?.instructions ?? 'Install the software.';
  return ask(world, 'InstallSoftware', `${text} Then run /var/lib/lamina/finish in the machine.`);
}

function ask(world: VersionWorld, gate: string, text: string, token?: string): Next {
  const machine = world.machine?.spec.key;
  const action = {
    gate,
    text,
    ...(machine === undefined ? {} : { machine }),
    ...(token === undefined ? {} : { token }),
  };
  return { verdict: 'waiting', reason: 'ActionRequired', message: text, action };
}

function verify(version: LayerVersion, world: VersionWorld): Next {
  const job = world.jobs.inspect;
  if (job?.state?.state !== 'succeeded')
    return step(job, 'Verifying', 'inspecting the disk of the machine');
  const found = job.state.result as Inspection;
  const again = `delete PackagingMachine/${world.machine?.metadata.name} to start over`;
  switch (found.verdict) {
    case 'unattested':
      return ask(
        world,
        'InstallSoftware',
        `${found.hint} Switch the machine on again, or ${again}.`,
      );
    case 'failed': {
      const where = `step ${found.step} ended with exit code ${found.exitCode}`;
      return ask(
        world,
        'InstallFailed',
        `${where}: ${found.log.trim().slice(-300)} Mend the step in git, or ${again}.`,
      );
    }
    case 'blocked': {
      const reasons = found.reasons.map(({ reason, cure }) => `${reason}: ${cure}`).join('; ');
      return ask(world, 'ResolveIntegrity', reasons);
    }
    case 'clean':
      return (
        approvedOrAsk(version, world) ??
        step(world.jobs.capture, 'Finalizing', 'storing what changed')
      );
  }
}

function approvedOrAsk(version: LayerVersion, world: VersionWorld): Next | undefined {
  if (version.spec.package?.gates?.includes('Finalize') !== true) return undefined;
  const evidence = conditionOf(world.machine, 'ShutDown')?.lastTransitionTime;
  const token = hash8(digestOf({ key: world.key, gate: 'Finalize', evidence }));
  if (version.metadata.annotations?.[gateAnnotation('Finalize')] === token) return undefined;
  const text = `Version ${version.spec.version} of ${version.spec.layer} is clean. Approve: lamina approve lver/${version.metadata.name}`;
  return ask(world, 'ApproveFinalize', text, token);
}

function milestones(version: LayerVersion, world: VersionWorld): readonly PlannedCondition[] {
  const { stored, machine, jobs } = world;
  const made: PlannedCondition[] = [];
  const inspected = jobs.inspect?.state;
  const clean =
    inspected?.state === 'succeeded' && (inspected.result as Inspection).verdict === 'clean';
  if (version.spec.package !== undefined) {
    if (
      machine !== undefined ||
      stored !== undefined ||
      jobs.compose?.state?.state === 'succeeded'
    ) {
      made.push(done('PackagingDiskReady', 'Composed', 'the packaging disk is composed'));
    }
    if (stored !== undefined || clean) {
      made.push(
        done(
          'IntegrityVerified',
          'Clean',
          'shut down by the guest tool, and nothing blocks the capture',
        ),
      );
    }
  }
  if (stored !== undefined) made.push(done('Finalized', 'Stored', 'captured and stored'));
  return made;
}

function done(type: string, reason: string, message: string): PlannedCondition {
  return { type, status: 'True', reason, message };
}

function statusOf(
  version: LayerVersion,
  world: VersionWorld,
  action: Wanted | undefined,
  nowMs: number,
): LayerVersionStatus {
  const { stored, machine, jobs } = world;
  const running = [jobs.import, jobs.compose, jobs.inspect, jobs.capture]
    .map((job) => progressOf(job?.state))
    .find((progress) => progress !== undefined);
  const location = stored === undefined ? machine?.status?.location : undefined;
  return {
    ...(stored === undefined ? {} : { stored }),
    ...(action === undefined ? {} : { action: actionSince(action, version.status?.action, nowMs) }),
    ...(location === undefined ? {} : { location }),
    ...(running === undefined || stored !== undefined ? {} : { progress: running }),
  };
}
