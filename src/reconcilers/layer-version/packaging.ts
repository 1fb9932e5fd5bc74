import { gateAnnotation, POWER_ON_REQUESTED } from '../../api/object.ts';
import type { MachineSeen } from '../../connectors/connector.ts';
import { instantOf } from '../../core/clock.ts';
import { digestOf, hash8 } from '../../core/digest.ts';
import type { InspectionRecord } from '../../core/evidence.ts';
import { cleanLine } from '../../core/text.ts';
import { ask, asBefore, type Wanted } from '../action.ts';
import { pursue, type JobView, type JobWords } from '../job-step.ts';
import {
  lastWords,
  lookAgainMs,
  overdue,
  startOver,
  LOOK_AGAIN_MS,
  MOST_ATTEMPTS,
} from '../machine/judge.ts';
import { isDeleting, type LayerVersion, type PackagingMachine } from '../objects.ts';
import type { VersionWorld } from './observe.ts';
import type { VersionNext, VersionStep } from './step.ts';

const MAKING = { reason: 'Uploading', message: 'making the packaging machine' };
const VERIFYING = { reason: 'Verifying', doing: 'inspecting the disk of the machine' };
const STORING = { reason: 'Finalizing', doing: 'storing what changed' };
const FINISH = 'run /var/lib/lamina/finish in the machine';

/** Gates at which nobody works in the machine. */
const NO_WORK: ReadonlySet<string> = new Set(['ApproveFinalize']);

/** True once the machine is a person's: it was always theirs, they were asked to act, or they switched it on. */
export function isAttended(
  version: LayerVersion,
  machine: PackagingMachine | undefined,
  action: Wanted | undefined,
): boolean {
  if (machine === undefined) return false;
  return (
    version.spec.package?.install === undefined ||
    version.status?.attended === true ||
    (action !== undefined && !NO_WORK.has(action.gate)) ||
    machine.metadata.annotations?.[POWER_ON_REQUESTED] !== undefined
  );
}

/** What becomes of a version while it has a machine. */
export function packaging(version: LayerVersion, world: VersionWorld, nowMs: number): VersionNext {
  const { machine, standing } = world;
  if (machine === undefined) return { verdict: 'waiting', ...MAKING };
  if (isDeleting(machine)) {
    const message = 'the old machine is being removed, then it starts over';
    return { verdict: 'waiting', reason: 'Waiting', message };
  }
  switch (standing.at) {
    case 'unknown':
      return {
        ...asBefore(version, { reason: 'Waiting', why: standing.why }),
        recheckMs: LOOK_AGAIN_MS,
      };
    case 'lost':
      return lost(version, world);
    case 'running':
      // It may be called by the same name as the boot that was looked at.
      if (world.inspected) return forgetting();
      return running(version, world, standing.machine, nowMs);
    case 'ended':
      return verify(version, world, nowMs);
    default:
      return { verdict: 'waiting', ...MAKING };
  }
}

function forgetting(): VersionNext {
  const message = 'the machine was switched on again';
  const steps: readonly [VersionStep] = [{ do: 'forgetInspection' }];
  return { verdict: 'act', brief: true, reason: 'Packaging', message, steps };
}

/** What a person was asked when the machine had died too often, until they take it over. */
function askedBefore(version: LayerVersion, world: VersionWorld): VersionNext | undefined {
  const { action, attempts } = version.status ?? {};
  const isTaken = world.machine?.metadata.annotations?.[POWER_ON_REQUESTED] !== undefined;
  if (action?.gate !== 'InstallFailed' || isTaken || attempts?.count !== MOST_ATTEMPTS) {
    return undefined;
  }
  return ask({ gate: action.gate, text: action.text }, action.machine);
}

function lost(version: LayerVersion, world: VersionWorld): VersionNext {
  const why = 'the machine is gone from its platform';
  if (!isAttended(version, world.machine, undefined)) return again(version, world, why);
  return ask({ gate: 'MachineLost', text: `${sentence(why)}. ${toStartOver(world)}` }, undefined);
}

function running(
  version: LayerVersion,
  world: VersionWorld,
  machine: MachineSeen,
  nowMs: number,
): VersionNext {
  const { install, instructions = 'Install the software.' } = version.spec.package ?? {};
  if (install === undefined) {
    const text = `${instructions} Then ${FINISH}.`;
    return ask({ gate: 'InstallSoftware', text }, world.machine?.spec.key);
  }
  if (isAttended(version, world.machine, undefined)) {
    const text = `Complete the installation by hand, then ${FINISH}; or ${startingOver(world)}.`;
    return (
      askedBefore(version, world) ?? ask({ gate: 'InstallSoftware', text }, world.machine?.spec.key)
    );
  }
  const since = machine.bootedAt ?? instantOf(world.machine?.metadata.creationTimestamp);
  const why = overdue(world.look, machine, since, nowMs);
  if (why !== undefined) return again(version, world, why);
  const recheckMs = lookAgainMs(world.look, machine, since, nowMs);
  const message = 'the machine installs by itself';
  return { verdict: 'waiting', reason: 'Packaging', message, recheckMs };
}

/** Starts an unattended machine over, until that was tried often enough. */
function again(version: LayerVersion, world: VersionWorld, why: string): VersionNext {
  const { name = '', uid = '' } = world.machine?.metadata ?? {};
  const over = startOver(version.status?.attempts, uid);
  const told = `${sentence(why)}.${lastWords(world.description)}`;
  if (over.next === 'ask' && world.standing.at === 'lost') {
    const text = `${told} It was started over ${MOST_ATTEMPTS} times. ${toStartOver(world)}`;
    return ask({ gate: 'MachineLost', text }, undefined);
  }
  if (over.next === 'ask') {
    const text = `${told} It was started over ${MOST_ATTEMPTS} times. Look at it, complete the installation by hand and ${FINISH}; or ${startingOver(world)}.`;
    return ask({ gate: 'InstallFailed', text }, world.machine?.spec.key);
  }
  const message = `${told} Starting over, ${over.attempts.count} of ${MOST_ATTEMPTS}`;
  const act: VersionNext = {
    verdict: 'act',
    reason: 'Packaging',
    message,
    steps: [{ do: 'removeMachine', name }],
    attempts: over.attempts,
  };
  if (over.next === 'remove') return act;
  return { ...act, note: { type: 'Warning', reason: 'StartedOver', message } };
}

function startingOver(world: VersionWorld): string {
  return `delete PackagingMachine/${world.machine?.metadata.name} to start over`;
}

function toStartOver(world: VersionWorld): string {
  return `${sentence(startingOver(world))}.`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function step(job: JobView | undefined, words: JobWords, nowMs: number): VersionNext {
  if (job === undefined) return { verdict: 'waiting', reason: words.reason, message: words.doing };
  return pursue(job, words, nowMs);
}

function verify(version: LayerVersion, world: VersionWorld, nowMs: number): VersionNext {
  const { inspection, jobs, machine } = world;
  const key = machine?.spec.key;
  if (inspection === undefined) return step(jobs.inspect, VERIFYING, nowMs);
  const { found } = inspection;
  switch (found.verdict) {
    case 'unattested': {
      if (!isAttended(version, machine, undefined)) return again(version, world, bare(found.hint));
      const text = `${found.hint} Switch the machine on again, or ${startingOver(world)}.`;
      return askedBefore(version, world) ?? ask({ gate: 'InstallSoftware', text }, key);
    }
    case 'failed': {
      const where = `step ${found.step} ended with exit code ${found.exitCode}`;
      const text = `${where}: ${cleanLine(found.log.slice(-300))} Mend the step in git, or ${startingOver(world)}.`;
      return ask({ gate: 'InstallFailed', text }, key);
    }
    case 'blocked': {
      const text = found.reasons.map(({ reason, cure }) => `${reason}: ${cure}`).join('; ');
      // Nobody attested anything: a machine that died left its file system as it was.
      const died = inspection.attestation === undefined && !isAttended(version, machine, undefined);
      return died
        ? again(version, world, bare(text))
        : ask({ gate: 'ResolveIntegrity', text }, key);
    }
    case 'clean':
      return gate(version, world, inspection) ?? step(jobs.capture, STORING, nowMs);
  }
}

/** A sentence that goes on in another one. */
function bare(text: string): string {
  return text.replace(/\.$/, '');
}

function gate(
  version: LayerVersion,
  world: VersionWorld,
  { attestation }: InspectionRecord,
): VersionNext | undefined {
  if (version.spec.package?.gates?.includes('Finalize') !== true) return undefined;
  // The evidence that was shown: whoever boots the machine again must approve again.
  const token = hash8(digestOf({ key: world.key, gate: 'Finalize', attestation }));
  if (version.metadata.annotations?.[gateAnnotation('Finalize')] === token) return undefined;
  const text = `Version ${version.spec.version} of ${version.spec.layer} is clean. Approve: lamina approve lver/${version.metadata.name}`;
  return ask({ gate: 'ApproveFinalize', text, token }, world.machine?.spec.key);
}
