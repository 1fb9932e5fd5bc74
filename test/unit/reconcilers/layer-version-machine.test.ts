import { POWER_ON_REQUESTED } from '../../../src/api/object.ts';
import { planVersion } from '../../../src/reconcilers/layer-version/plan.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { packagingMachine } from '../../support/objects.ts';
import {
  damaged,
  unattended,
  attended,
  NOW,
  look,
  at,
  isOn,
  unattestedWorld,
  startedOver,
} from './version-world.ts';

describe('planVersion, while a machine is at work', () => {
  it.each([
    {
      why: 'an unattended machine is waited for',
      version: unattended,
      world: isOn(),
      want: { verdict: 'waiting', reason: 'Packaging' },
    },
    {
      why: 'and looked at again when nothing was heard from it',
      version: unattended,
      world: isOn({ bootedAt: NOW - 60_000, heardAt: undefined }),
      want: { verdict: 'waiting', reason: 'Packaging', recheckMs: 540_000 },
    },
    {
      why: 'a guest that is silent after its boot is started over',
      version: unattended,
      world: isOn({ bootedAt: NOW - 600_000, heardAt: undefined }),
      want: {
        verdict: 'act',
        steps: [{ do: 'removeMachine' }],
        status: { attempts: { count: 1, ended: 'uid-apl-tool-1-11111111' } },
        note: { type: 'Warning', reason: 'StartedOver' },
      },
    },
    {
      why: 'silence says nothing where the connector does not hear guests',
      version: unattended,
      world: {
        ...isOn({ bootedAt: NOW - 600_000, heardAt: undefined }),
        look: { ...look, can: { ...look.can, heartbeat: false } },
      },
      want: { verdict: 'waiting', reason: 'Packaging' },
    },
    {
      why: 'a machine that takes longer than half a day is started over',
      version: unattended,
      world: isOn({ bootedAt: NOW - 43_200_000 }),
      want: {
        verdict: 'act',
        steps: [{ do: 'removeMachine' }],
        status: { attempts: { count: 1 } },
      },
    },
    {
      why: 'the time of its object says nothing where that of its boot is known: the clock may have been set',
      version: unattended,
      world: {
        ...isOn(),
        machine: packagingMachine([], { creationTimestamp: '2025-12-31T10:00:00Z' }),
      },
      want: { verdict: 'waiting', reason: 'Packaging' },
    },
    {
      why: 'a machine that died is started over from the same disk',
      version: unattended,
      world: unattestedWorld,
      want: {
        verdict: 'act',
        steps: [{ do: 'removeMachine' }],
        message: 'It lost its power. Starting over, 1 of 3',
        status: { attempts: { count: 1 } },
      },
    },
    {
      why: 'and so is one whose death left the file system damaged',
      version: unattended,
      world: damaged,
      want: { verdict: 'act', steps: [{ do: 'removeMachine' }] },
    },
    {
      why: 'a crash after counting counts nothing twice',
      version: startedOver(1, 'uid-apl-tool-1-11111111'),
      world: unattestedWorld,
      want: {
        verdict: 'act',
        steps: [{ do: 'removeMachine' }],
        status: { attempts: { count: 1 } },
      },
    },
    {
      why: 'the last words of its console go with the message',
      version: unattended,
      world: { ...unattestedWorld, description: { text: 'x', lastLines: ['Kernel panic'] } },
      want: { message: expect.stringContaining('Kernel panic') },
    },
    {
      why: 'what dies again and again is left to a person',
      version: startedOver(3),
      world: unattestedWorld,
      want: {
        reason: 'ActionRequired',
        status: { attended: true, attempts: { count: 3 }, action: { gate: 'InstallFailed' } },
      },
    },
    {
      why: 'a machine that is gone from its platform is made again',
      version: unattended,
      world: at({ at: 'lost' }),
      want: {
        verdict: 'act',
        steps: [{ do: 'removeMachine' }],
        status: { attempts: { count: 1 } },
      },
    },
    {
      why: 'that of a person is not: it is told',
      version: attended,
      world: at({ at: 'lost' }),
      want: { reason: 'ActionRequired', status: { action: { gate: 'MachineLost' } } },
    },
    {
      why: 'a machine that a person was asked to act in stays theirs when it is on again',
      version: { ...unattended, status: { attended: true } },
      world: isOn(),
      want: { reason: 'ActionRequired', status: { attended: true } },
    },
    {
      why: 'and is theirs when it dies',
      version: { ...unattended, status: { attended: true } },
      world: unattestedWorld,
      want: { reason: 'ActionRequired', status: { action: { gate: 'InstallSoftware' } } },
    },
    {
      why: 'whoever asks for a power-on takes the machine over',
      version: unattended,
      world: {
        ...unattestedWorld,
        machine: packagingMachine([], {
          annotations: { [POWER_ON_REQUESTED]: '2026-01-01T00:00:00Z' },
        }),
      },
      want: { reason: 'ActionRequired', status: { attended: true } },
    },
    {
      why: 'while the platform is not known, a person is still asked what they were asked',
      version: {
        ...attended,
        status: {
          action: { gate: 'InstallSoftware', text: 'Install it.', since: '2026-01-01T00:00:00Z' },
          conditions: [
            {
              type: 'Ready',
              status: 'False' as const,
              reason: 'ActionRequired',
              message: 'Install it.',
              lastTransitionTime: '2026-01-01T00:00:00Z',
            },
          ],
        },
      },
      world: at({ at: 'unknown', why: 'the platform does not answer' }),
      want: {
        verdict: 'waiting',
        reason: 'ActionRequired',
        message: 'Install it.',
        status: { action: { gate: 'InstallSoftware', since: '2026-01-01T00:00:00Z' } },
      },
    },
  ])('$why', ({ version, world, want }) => {
    expect(planVersion(version, world, NOW)).toMatchObject(want);
  });
});
