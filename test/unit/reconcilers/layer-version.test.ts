import type { Inspection, JobState } from '../../../src/jobs/spec.ts';
import type { JobView } from '../../../src/reconcilers/job-step.ts';
import type { VersionWorld } from '../../../src/reconcilers/layer-version/observe.ts';
import { planVersion } from '../../../src/reconcilers/layer-version/plan.ts';
import { condition, layerVersion, packagingMachine, storedLayer } from '../../support/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

const NAME = 'apl-tool-1-11111111';
const install = { steps: [{ run: 'true' }] };
const made = { connectorRef: { name: 'here' }, os: 'osl-tiny-1-00000000', below: [], gates: [] };
const unattended = layerVersion(NAME, { package: { ...made, install } });
const attended = layerVersion(NAME, { package: { ...made, instructions: 'Install it.' } });
const gated = layerVersion(NAME, { package: { ...made, install, gates: ['Finalize'] } });
const imported = layerVersion(NAME, {
  import: { file: 'a.raw', format: 'raw', sha256: 'a'.repeat(64) },
});

const on = [condition('Created', 'Observed'), condition('PoweredOn', 'Observed')];
const off = [...on, condition('ShutDown', 'Observed')];
const places = { store: '/store', work: '/work' };

function job(state?: JobState): JobView {
  const source = { path: '/a', format: 'raw' as const };
  return { name: 'job', spec: { kind: 'convert', source, target: source }, state };
}
const running: JobState = { state: 'running', step: 'reading', percent: 47 };
const composed: JobState = {
  state: 'succeeded',
  result: { disk: { path: `${places.work}/d.qcow2`, format: 'qcow2' }, sizeBytes: 1, nonce: 'n' },
};
function inspected(result: Inspection): { inspect: JobView; capture: JobView; compose: JobView } {
  return { compose: job(composed), inspect: job({ state: 'succeeded', result }), capture: job() };
}
function failed(consequence: 'Impossible' | 'Transient'): JobState {
  return {
    state: 'failed',
    failure: { consequence, code: 'X', message: 'it broke', hint: 'Mend it.' },
  };
}

const world: VersionWorld = {
  key: 'key',
  stored: undefined,
  below: [{ name: 'osl-tiny-1-00000000', stored: storedLayer('tiny') }],
  hasComposed: false,
  machine: undefined,
  machinesInUse: 0,
  machineLimit: 4,
  connectorReady: true,
  jobs: { compose: job() },
};
const offWorld: VersionWorld = { ...world, hasComposed: true, machine: packagingMachine(off) };

describe('planVersion', () => {
  it.each([
    {
      why: 'inputs that are not deployable yet are named and waited for',
      version: unattended,
      world: { ...world, below: [{ name: 'osl-x', stored: undefined }] },
      want: {
        verdict: 'waiting',
        reason: 'Waiting',
        message: 'waits for LayerVersion/osl-x',
      },
    },
    {
      why: 'a connector that is not Ready is waited for',
      version: unattended,
      world: { ...world, connectorReady: false },
      want: { verdict: 'waiting', reason: 'Waiting' },
    },
    {
      why: 'the limit of machines holds',
      version: unattended,
      world: { ...world, machinesInUse: 4 },
      want: { verdict: 'waiting', reason: 'Waiting' },
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
      why: 'a failed job is retried by the backoff of the queue',
      version: unattended,
      world: { ...world, jobs: { compose: job(failed('Transient')) } },
      want: { verdict: 'act', steps: [{ do: 'retryJob' }] },
    },
    {
      why: 'a job that can never succeed stalls, with the cure',
      version: unattended,
      world: { ...world, jobs: { compose: job(failed('Impossible')) } },
      want: { verdict: 'stalled', reason: 'Failed', message: 'it broke. Mend it.' },
    },
    {
      why: 'a composed disk gets a machine',
      version: unattended,
      world: { ...world, jobs: { compose: job(composed) } },
      want: { verdict: 'act', reason: 'Uploading', steps: [{ do: 'createMachine' }] },
    },
    {
      why: 'an unattended machine is waited for',
      version: unattended,
      world: { ...world, machine: packagingMachine(on) },
      want: { verdict: 'waiting', reason: 'Packaging' },
    },
    {
      why: 'a person is asked where there is no install',
      version: attended,
      world: { ...world, machine: packagingMachine(on) },
      want: {
        verdict: 'waiting',
        reason: 'ActionRequired',
        status: { action: { gate: 'InstallSoftware' } },
      },
    },
    {
      why: 'a machine that is off is inspected',
      version: unattended,
      world: { ...offWorld, jobs: { inspect: job(), capture: job(), compose: job(composed) } },
      want: { verdict: 'act', reason: 'Verifying', steps: [{ do: 'startJob' }] },
    },
    {
      why: 'merely powering off proves nothing: the machine stays with the person',
      version: attended,
      world: {
        ...offWorld,
        jobs: inspected({ verdict: 'unattested', hint: 'It was not shut down by the tool.' }),
      },
      want: {
        verdict: 'waiting',
        reason: 'ActionRequired',
        status: { action: { gate: 'InstallSoftware' } },
      },
    },
    {
      why: 'a failed step keeps the machine and names step and code',
      version: unattended,
      world: {
        ...offWorld,
        jobs: inspected({ verdict: 'failed', step: 2, exitCode: 7, log: 'no space' }),
      },
      want: { reason: 'ActionRequired', status: { action: { gate: 'InstallFailed' } } },
    },
    {
      why: 'blocked integrity lists every reason with its cure',
      version: unattended,
      world: {
        ...offWorld,
        jobs: inspected({
          verdict: 'blocked',
          reasons: [{ reason: 'dpkg is half done', cure: 'run dpkg' }],
        }),
      },
      want: {
        message: 'dpkg is half done: run dpkg',
        status: { action: { gate: 'ResolveIntegrity' } },
      },
    },
    {
      why: 'clean is captured',
      version: unattended,
      world: { ...offWorld, jobs: inspected({ verdict: 'clean' }) },
      want: { verdict: 'act', reason: 'Finalizing', steps: [{ do: 'startJob' }] },
    },
    {
      why: 'a gate stops a clean version',
      version: gated,
      world: { ...offWorld, jobs: inspected({ verdict: 'clean' }) },
      want: { reason: 'ActionRequired', status: { action: { gate: 'ApproveFinalize' } } },
    },
    {
      why: 'what is stored loses its machine first',
      version: unattended,
      world: { ...offWorld, stored: storedLayer('tool') },
      want: { verdict: 'act', reason: 'Finalizing', steps: [{ do: 'removeMachine' }] },
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
      why: 'imports need an import root',
      version: imported,
      world: { ...world, jobs: {} },
      want: { verdict: 'stalled', reason: 'Failed' },
    },
  ])('$why', ({ version, world, want }) => {
    expect(planVersion(version, world, 0)).toMatchObject(want);
  });

  it('passes a gate by its token and by no other', () => {
    const clean = { ...offWorld, jobs: inspected({ verdict: 'clean' }) };
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
    const later = packagingMachine([
      ...on,
      { ...condition('ShutDown', 'Observed'), lastTransitionTime: '2026-01-03T00:00:00Z' },
    ]);
    const changed = { ...clean, machine: later };
    expect(planVersion(approve(token), changed, 0)).toMatchObject({ reason: 'ActionRequired' });
  });

  it('keeps the time since when the same thing is waited for', () => {
    const before = {
      ...attended,
      status: { action: { gate: 'InstallSoftware', text: 'x', since: '2020-01-01T00:00:00Z' } },
    };
    const waiting = { ...world, machine: packagingMachine(on) };
    expect(planVersion(before, waiting, 1e12).status.action?.since).toBe('2020-01-01T00:00:00Z');
    expect(planVersion(attended, waiting, 1e12).status.action?.since).toBe('2001-09-09T01:46:40Z');
  });

  it('lets go of a deleted version only when nothing of it is left', () => {
    const deleting = {
      ...unattended,
      metadata: { ...unattended.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    const verdicts = [
      offWorld,
      {
        ...offWorld,
        machine: packagingMachine(off, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      },
      { ...offWorld, machine: undefined },
      world,
    ].map((each) => planVersion(deleting, each, 0));
    expect(verdicts).toMatchObject([
      { verdict: 'act', steps: [{ do: 'removeMachine' }] },
      { verdict: 'waiting' },
      { verdict: 'act', steps: [{ do: 'discard' }] },
      { verdict: 'released' },
    ]);
  });
});
