import { planVersion } from '../../../src/reconcilers/layer-version/plan.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { packagingMachine, storedLayer } from '../../support/objects.ts';
import {
  unattended,
  attended,
  gated,
  imported,
  NOW,
  job,
  running,
  failed,
  world,
  isOn,
  ended,
  inspected,
  unattestedWorld,
  startedOver,
} from './version-world.ts';

/** Somebody who does not wait for a machine. */
const outside = { ...world, seats: { limit: 4, used: 0, isNext: undefined } };

describe('planVersion', () => {
  it.each([
    {
      why: 'inputs that are not deployable yet are named and waited for',
      version: unattended,
      world: { ...outside, below: [{ name: 'osl-x', stored: undefined }] },
      want: {
        verdict: 'waiting',
        reason: 'Waiting',
        message: 'waits for LayerVersion/osl-x',
      },
    },
    {
      why: 'a connector that is not Ready is waited for',
      version: unattended,
      world: { ...world, usable: false },
      want: { verdict: 'waiting', reason: 'Waiting' },
    },
    {
      why: 'whoever needs a machine takes a place first',
      version: unattended,
      world: { ...world, seats: { limit: 4, used: 0, isNext: undefined } },
      want: { verdict: 'act', steps: [{ do: 'queue' }] },
    },
    {
      why: 'the limit of machines holds',
      version: unattended,
      world: { ...world, seats: { limit: 4, used: 3, isNext: false } },
      want: { verdict: 'waiting', reason: 'Waiting' },
    },
    {
      why: 'the first in line takes the last seat',
      version: unattended,
      world: { ...world, seats: { limit: 4, used: 3, isNext: true } },
      want: { verdict: 'act', reason: 'Composing' },
    },
    {
      why: 'what was found on a machine that is gone says nothing about the next one',
      version: unattended,
      world: { ...world, inspected: true },
      want: { verdict: 'act', brief: true, steps: [{ do: 'forgetInspection' }] },
    },
    {
      why: 'the packaging disk is composed first',
      version: unattended,
      world,
      want: { verdict: 'act', reason: 'Composing', steps: [{ do: 'startJob' }] },
    },
    {
      why: 'progress is shown in tens',
      version: unattended,
      world: { ...world, jobs: { compose: job(running) } },
      want: {
        verdict: 'waiting',
        reason: 'Composing',
        status: { progress: { step: 'reading', percent: 40 } },
      },
    },
    {
      why: 'a failed job is told once, with the time of its next run',
      version: unattended,
      world: { ...outside, jobs: { compose: job(failed('Transient', NOW + 750)) } },
      want: {
        verdict: 'waiting',
        retrying: true,
        reason: 'X',
        recheckMs: 750,
        message: 'it broke; trying again. Mend it.',
      },
    },
    {
      why: 'when its time has come it is started, without a word',
      version: unattended,
      world: { ...world, jobs: { compose: job(failed('Transient', NOW)) } },
      want: { verdict: 'act', brief: true, steps: [{ do: 'startJob' }] },
    },
    {
      why: 'and says nothing new until it has come further than before',
      version: unattended,
      world: {
        ...world,
        jobs: {
          compose: job({
            state: 'running',
            step: 'starting',
            percent: 0,
            after: { consequence: 'Transient', code: 'X', message: 'it broke', hint: 'Mend it.' },
          }),
        },
      },
      want: {
        verdict: 'waiting',
        retrying: true,
        message: 'it broke; trying again. Mend it.',
        status: {},
      },
    },
    {
      why: 'a job that can never succeed stalls, with the cure',
      version: unattended,
      world: { ...outside, jobs: { compose: job(failed('Impossible')) } },
      want: { verdict: 'stalled', reason: 'Failed', message: 'it broke. Mend it.' },
    },
    {
      why: 'a composed disk gets a machine',
      version: unattended,
      world: { ...world, composed: true },
      want: { verdict: 'act', steps: [{ do: 'createMachine' }] },
    },
    {
      why: 'a person is asked where there is no install',
      version: attended,
      world: isOn(),
      want: {
        verdict: 'waiting',
        reason: 'ActionRequired',
        status: { action: { gate: 'InstallSoftware' } },
      },
    },
    {
      why: 'a machine that is off is inspected',
      version: unattended,
      world: ended,
      want: { verdict: 'act', reason: 'Verifying', steps: [{ do: 'startJob' }] },
    },
    {
      why: 'merely powering off proves nothing: the machine stays with the person',
      version: attended,
      world: unattestedWorld,
      want: {
        verdict: 'waiting',
        reason: 'ActionRequired',
        status: { action: { gate: 'InstallSoftware' } },
      },
    },
    {
      why: 'a failed step keeps the machine and names step and code',
      version: unattended,
      world: inspected({ verdict: 'failed', step: 2, exitCode: 7, log: 'no space' }),
      want: { reason: 'ActionRequired', status: { action: { gate: 'InstallFailed' } } },
    },
    {
      why: 'blocked integrity lists every reason with its cure',
      version: unattended,
      world: inspected({
        verdict: 'blocked',
        reasons: [{ reason: 'dpkg is half done', cure: 'run dpkg' }],
      }),
      want: {
        message: 'dpkg is half done: run dpkg',
        status: { action: { gate: 'ResolveIntegrity' } },
      },
    },
    {
      why: 'clean is captured',
      version: unattended,
      world: inspected({ verdict: 'clean' }),
      want: { verdict: 'act', reason: 'Finalizing', steps: [{ do: 'startJob' }] },
    },
    {
      why: 'a gate stops a clean version',
      version: gated,
      world: inspected({ verdict: 'clean' }),
      want: { reason: 'ActionRequired', status: { action: { gate: 'ApproveFinalize' } } },
    },
    {
      why: 'what was stored and is gone from the store is told before it is made again',
      version: { ...imported, status: { stored: storedLayer('tool') } },
      world,
      want: {
        verdict: 'act',
        reason: 'Waiting',
        steps: [{ do: 'forgetInspection' }],
        note: { type: 'Warning', reason: 'GoneFromStore' },
      },
    },
    {
      why: 'what is stored loses its machine first',
      version: unattended,
      world: { ...ended, stored: storedLayer('tool') },
      want: { verdict: 'act', reason: 'Finalizing', steps: [{ do: 'removeMachine' }] },
    },
    {
      why: 'whoever failed to compose keeps no machine from others',
      version: unattended,
      world: { ...world, jobs: { compose: job(failed('Transient', NOW + 750)) } },
      want: { verdict: 'act', brief: true, steps: [{ do: 'leaveQueue' }] },
    },
    {
      why: 'whoever waits for its inputs waits for no machine',
      version: unattended,
      world: { ...world, below: [{ name: 'x', stored: undefined }] },
      want: { steps: [{ do: 'leaveQueue' }] },
    },
    {
      why: 'what is found in the store needs no machine, whatever its inputs do',
      version: unattended,
      world: {
        ...world,
        below: [{ name: 'x', stored: undefined }],
        stored: storedLayer('tool'),
      },
      want: { verdict: 'settled', reason: 'Deployable', status: { stored: storedLayer('tool') } },
    },
    {
      why: 'what it left in the store for nobody else goes at its end',
      version: unattended,
      world: { ...world, stored: storedLayer('tool'), hasEvidence: true },
      want: { verdict: 'act', steps: [{ do: 'forget', composition: 'c-1' }] },
    },
    {
      why: 'imports need an import root',
      version: imported,
      world: { ...world, importsFiles: false, jobs: { import: job() } },
      want: { verdict: 'stalled', reason: 'Failed' },
    },
  ])('$why', ({ version, world, want }) => {
    expect(planVersion(version, world, NOW)).toMatchObject(want);
  });

  it('passes a gate by its token, until another attestation lies on the disk', () => {
    const clean = inspected({ verdict: 'clean' });
    const token = planVersion(gated, clean, 0).status.action?.token ?? '';
    const approve = (value: string) => ({
      ...gated,
      metadata: { ...gated.metadata, annotations: { 'gates.lamina.dev/Finalize': value } },
    });
    expect(planVersion(approve(token), clean, 0)).toMatchObject({
      verdict: 'act',
      reason: 'Finalizing',
    });
    expect(planVersion(approve('stale'), clean, 0)).toMatchObject({ reason: 'ActionRequired' });
    const changed = inspected({ verdict: 'clean' }, 'sha256:2');
    expect(planVersion(approve(token), changed, 0)).toMatchObject({ reason: 'ActionRequired' });
  });

  it('keeps the time since when the same thing is waited for', () => {
    const before = {
      ...attended,
      status: { action: { gate: 'InstallSoftware', text: 'x', since: '2020-01-01T00:00:00Z' } },
    };
    const waiting = isOn();
    expect(planVersion(before, waiting, 1e12).status.action?.since).toBe('2020-01-01T00:00:00Z');
    expect(planVersion(attended, waiting, 1e12).status.action?.since).toBe('2001-09-09T01:46:40Z');
  });

  it('lets go of a deleted version only when nothing of it is left', () => {
    const deleting = {
      ...unattended,
      metadata: { ...unattended.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    const leaving = packagingMachine([], { deletionTimestamp: '2026-01-01T00:00:00Z' });
    const verdicts = [
      { ...ended, hasJobs: true },
      { ...ended, machine: leaving },
      { ...world, hasJobs: true },
      { ...world, hasEvidence: true },
      world,
    ].map((each) => planVersion(deleting, each, 0));
    expect(verdicts).toMatchObject([
      { verdict: 'act', steps: [{ do: 'removeMachine' }] },
      { verdict: 'waiting' },
      { verdict: 'act', steps: [{ do: 'cancelJobs' }] },
      { verdict: 'act', steps: [{ do: 'forget' }] },
      { verdict: 'released' },
    ]);
  });

  it('starts afresh when a person deletes the machine that was theirs', () => {
    const before = {
      ...unattended,
      status: { attended: true, attempts: { count: 3, ended: 'x' } },
    };
    expect(planVersion(before, world, 0).status).not.toHaveProperty('attempts');
    expect(planVersion(startedOver(2), world, 0).status).toMatchObject({ attempts: { count: 2 } });
  });
});
