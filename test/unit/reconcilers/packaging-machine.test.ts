import { POWER_ON_REQUESTED } from '../../../src/api/object.ts';
import type { MachineSeen, Things } from '../../../src/connectors/connector.ts';
import type { JobSpec } from '../../../src/jobs/spec.ts';
import type { MachineWorld } from '../../../src/reconcilers/packaging-machine/observe.ts';
import { planMachine } from '../../../src/reconcilers/packaging-machine/plan.ts';
import { standingOf } from '../../../src/reconcilers/machine/standing.ts';
import { condition, packagingMachine } from '../../support/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

const machine = packagingMachine([]);
const deleting = packagingMachine([], { deletionTimestamp: '2026-01-01T00:00:00Z' });
const asked = (time: string) =>
  packagingMachine([], { annotations: { [POWER_ON_REQUESTED]: time } });
const fresh: MachineSeen = { id: 'm', power: 'off', text: 'There.' };
const bootedAt = Date.parse('2026-01-01T10:00:00Z');
const on: MachineSeen = { ...fresh, power: 'on', boot: '1', bootedAt, serialSocket: '/run/s' };
const ran: MachineSeen = { ...fresh, boot: '1', bootedAt };
const upload = { spec: { kind: 'upload', key: 'k' } as unknown as JobSpec, state: undefined };
const can = { published: 'file', runsScripts: true, heartbeat: false, proven: 'live' } as const;
const disk = { id: 'd', state: 'ready', composition: 'c-1' } as const;

function world(
  seen: Partial<Things> | string,
  more: {
    readonly created?: boolean;
    readonly hasJobs?: boolean;
    readonly isListed?: boolean;
  } = {},
  operation?: MachineWorld['look']['operation'],
): MachineWorld {
  const { created = false, hasJobs = false, isListed = false } = more;
  const nothing = { machines: [], disks: [], publications: [], copies: [] };
  const look = {
    connected: true,
    can,
    operation,
    isListed,
    seen:
      typeof seen === 'string'
        ? ({ known: false, why: seen } as const)
        : ({ known: true, things: { ...nothing, ...seen } } as const),
  };
  return { look, standing: standingOf(look, { composition: 'c-1', created }), upload, hasJobs };
}
const withMachine = (seen: MachineSeen) => world({ machines: [seen], disks: [disk] });
const off = { power: { to: 'off' } };

describe('planMachine', () => {
  it.each([
    {
      why: 'an outage does not wake a machine that rested',
      machine: {
        ...machine,
        status: { conditions: [condition('Ready', 'ShutDown')] },
      },
      world: world('the platform does not answer', { created: true }),
      want: { verdict: 'settled', reason: 'ShutDown' },
    },
    {
      why: 'its disk is uploaded by a job first',
      machine,
      world: world({}),
      want: { reason: 'Uploading', steps: [{ do: 'startJob' }] },
    },
    {
      why: 'a disk that is still being filled is no disk',
      machine,
      world: world({ disks: [{ id: 'd', state: 'filling' }] }),
      want: { reason: 'Uploading', steps: [{ do: 'startJob' }] },
    },
    {
      why: 'a complete disk gets its machine',
      machine,
      world: world({ disks: [disk] }),
      want: { steps: [{ do: 'createMachine' }] },
    },
    {
      why: 'a disk of an older release, which does not say what it holds, is taken',
      machine,
      world: world({ disks: [{ id: 'd', state: 'ready' }] }),
      want: { steps: [{ do: 'createMachine' }] },
    },
    {
      why: 'a disk with another composition goes',
      machine,
      world: world({ disks: [{ ...disk, composition: 'c-2' }] }),
      want: { steps: [{ do: 'deleteDisk' }] },
    },
    {
      why: 'the first power-on is ours',
      machine,
      world: withMachine(fresh),
      want: { steps: [{ do: 'power', want: { to: 'on', after: undefined } }] },
    },
    {
      why: 'a running machine is waited for and says where it is',
      machine,
      world: withMachine(on),
      want: {
        verdict: 'waiting',
        reason: 'Running',
        recheckMs: 600_000,
        status: { power: 'on', created: true, location: { path: '/run/s' } },
      },
    },
    {
      why: 'what is off inside but still paid for is given back',
      machine,
      world: withMachine({ ...ran, power: 'stopped' }),
      want: { steps: [{ do: 'power', want: off.power }] },
    },
    {
      why: 'off after it ran is the end, and is looked at again without an event',
      machine,
      world: withMachine(ran),
      want: {
        verdict: 'settled',
        reason: 'ShutDown',
        recheckMs: 600_000,
        conditions: [
          { type: 'Created' },
          { type: 'PoweredOn' },
          { type: 'ShutDown', status: 'True' },
        ],
      },
    },
    {
      why: 'a person may ask for another boot after the one they saw',
      machine: asked('2026-01-01T10:00:01Z'),
      world: withMachine(ran),
      want: { steps: [{ do: 'power', want: { to: 'on', after: '1' } }] },
    },
    {
      why: 'an old request is used up',
      machine: asked('2026-01-01T09:59:59Z'),
      world: withMachine(ran),
      want: { verdict: 'settled' },
    },
    {
      why: 'nonsense is no request',
      machine: asked('soon'),
      world: withMachine(ran),
      want: { verdict: 'settled' },
    },
    {
      why: 'what is not known is waited for, and never made again',
      machine,
      world: world('the platform does not answer'),
      want: { verdict: 'waiting', message: 'the platform does not answer' },
    },
    {
      why: 'a machine that was there and is gone is not made again by itself',
      machine,
      world: world({ disks: [disk] }, { created: true }),
      want: { verdict: 'waiting', reason: 'Lost' },
    },
    {
      why: 'an operation of the platform is followed before anything else',
      machine,
      world: world({}, {}, { state: 'running', percent: 47 }),
      want: { verdict: 'waiting', message: 'the platform is at work, 40 %', recheckMs: 2000 },
    },
    {
      why: 'one that failed is told, and its handle let go',
      machine,
      world: world(
        {},
        {},
        { state: 'failed', failure: { consequence: 'Busy', code: 'Full', message: 'full' } },
      ),
      want: { steps: [{ do: 'tell', failure: { code: 'Full' } }], status: { handle: undefined } },
    },
    {
      why: 'one that nobody knows any more is decided from the thing itself',
      machine,
      world: world({ disks: [disk] }, {}, { state: 'gone' }),
      want: { steps: [{ do: 'createMachine' }], status: { handle: undefined } },
    },
    {
      why: 'deleting ends its jobs first',
      machine: deleting,
      world: world({ disks: [disk] }, { hasJobs: true }),
      want: { steps: [{ do: 'cancelJobs' }] },
    },
    {
      why: 'then removes the machine',
      machine: deleting,
      world: withMachine(on),
      want: { steps: [{ do: 'deleteMachine' }] },
    },
    {
      why: 'then its disk, complete or not',
      machine: deleting,
      world: world({ disks: [{ id: 'd', state: 'filling' }] }),
      want: { steps: [{ do: 'deleteDisk' }] },
    },
    {
      why: 'and what is not complete enough to be seen',
      machine: deleting,
      world: world({}, { isListed: true }),
      want: { steps: [{ do: 'deleteMachine' }, { do: 'deleteDisk' }] },
    },
    { why: 'gone is released', machine: deleting, world: world({}), want: { verdict: 'released' } },
    {
      why: 'what cannot be seen is not forgotten',
      machine: deleting,
      world: world('the platform does not answer'),
      want: { verdict: 'waiting' },
    },
    {
      why: 'without its connector nothing is forgotten',
      machine: deleting,
      world: { ...world('gone'), look: { ...world('gone').look, connected: false } },
      want: { verdict: 'waiting' },
    },
  ])('$why', ({ machine, world, want }) => {
    expect(planMachine(machine, world, 0)).toMatchObject(want);
  });

  it('takes nothing back that was observed before an outage', () => {
    const before = packagingMachine([
      condition('Created', 'Observed'),
      condition('Ready', 'Running'),
    ]);
    const shown = { ...before, status: { ...before.status, created: true, power: 'on' as const } };
    expect(planMachine(shown, world('no answer'), 0)).toMatchObject({
      status: { power: 'on', created: true },
      conditions: [{ type: 'Created' }],
      reason: 'Running',
    });
  });
});
