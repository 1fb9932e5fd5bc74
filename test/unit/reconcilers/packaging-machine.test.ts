import { POWER_ON_REQUESTED } from '../../../src/api/annotations.ts';
import type { MachineSeen } from '../../../src/connectors/connector.ts';
import { planMachine, type MachineWorld } from '../../../src/reconcilers/packaging-machine/plan.ts';
import { packagingMachine } from '../../support/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

const machine = packagingMachine([]);
const deleting = packagingMachine([], { deletionTimestamp: '2026-01-01T00:00:00Z' });
const asked = (time: string) =>
  packagingMachine([], { annotations: { [POWER_ON_REQUESTED]: time } });
const fresh: MachineSeen = {
  key: 'k',
  power: 'off',
  console: { serialSocket: '/run/s' },
  location: 'here',
};
const on: MachineSeen = { ...fresh, power: 'on', poweredOnAt: Date.parse('2026-01-01T10:00:00Z') };
const ran: MachineSeen = { ...on, power: 'off' };
const world = (seen?: MachineSeen, hasDisk = seen !== undefined): MachineWorld => ({
  connected: true,
  hasDisk,
  seen,
});

describe('planMachine', () => {
  it.each([
    {
      why: 'disk, then machine',
      machine,
      world: world(),
      want: { steps: [{ do: 'putDisk' }, { do: 'create' }] },
    },
    {
      why: 'a disk left by a crash is adopted',
      machine,
      world: world(undefined, true),
      want: { steps: [{ do: 'create' }] },
    },
    {
      why: 'the first power-on is ours',
      machine,
      world: world(fresh),
      want: { steps: [{ do: 'powerOn' }] },
    },
    {
      why: 'a running machine is waited for and says where it is',
      machine,
      world: world(on),
      want: {
        verdict: 'waiting',
        reason: 'Running',
        status: { power: 'on', location: { path: '/run/s' } },
      },
    },
    {
      why: 'off after it ran is the end; we never switch it on again by ourselves',
      machine,
      world: world(ran),
      want: {
        verdict: 'settled',
        reason: 'ShutDown',
        conditions: [
          { type: 'Created' },
          { type: 'PoweredOn' },
          { type: 'ShutDown', status: 'True' },
        ],
      },
    },
    {
      why: 'a person may ask for another boot',
      machine: asked('2026-01-01T10:00:01Z'),
      world: world(ran),
      want: { steps: [{ do: 'powerOn' }] },
    },
    {
      why: 'an old request is used up',
      machine: asked('2026-01-01T09:59:59Z'),
      world: world(ran),
      want: { verdict: 'settled' },
    },
    {
      why: 'nonsense is no request',
      machine: asked('soon'),
      world: world(ran),
      want: { verdict: 'settled' },
    },
    {
      why: 'deleting removes machine before disk',
      machine: deleting,
      world: world(on),
      want: { steps: [{ do: 'deleteMachine' }, { do: 'deleteDisk' }] },
    },
    { why: 'gone is released', machine: deleting, world: world(), want: { verdict: 'released' } },
    {
      why: 'without its connector nothing is forgotten',
      machine: deleting,
      world: { connected: false, hasDisk: false, seen: undefined },
      want: { verdict: 'waiting' },
    },
  ])('$why', ({ machine, world, want }) => {
    expect(planMachine(machine, world)).toMatchObject(want);
  });
});
