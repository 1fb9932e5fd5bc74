import type { DiskSeen, MachineSeen, Things } from '../../../src/connectors/connector.ts';
import type { Inspection } from '../../../src/core/evidence.ts';
import type { JobSpec } from '../../../src/jobs/spec.ts';
import type { LayeredImageStatus } from '../../../src/api/kinds/layered-image.ts';
import type { ImageWorld } from '../../../src/reconcilers/layered-image/observe.ts';
import { planImage } from '../../../src/reconcilers/layered-image/plan.ts';
import { standingOf } from '../../../src/reconcilers/machine/standing.ts';
import { condition, layeredImage } from '../../support/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

const image = layeredImage('00000000');
const attendedImage = { ...image, spec: { ...image.spec, shutdownWhenDone: false } };
const withStatus = (status: LayeredImageStatus) => layeredImage('00000000', { status });

const job = (kind: string) => ({
  spec: { kind, key: 'k' } as unknown as JobSpec,
  state: undefined,
});
const jobs = { upload: job('upload'), inspect: job('inspect'), copy: job('copy') };
const fresh: MachineSeen = { id: 'm', power: 'off', text: 'There.' };
const ran: MachineSeen = { ...fresh, boot: '1', bootedAt: 0 };
const on: MachineSeen = { ...ran, power: 'on', heardAt: 1 };
const disk: DiskSeen = { id: 'd1', state: 'ready', composition: 'c-1' };
const publication = {
  id: 'p',
  revision: '00000000',
  text: 'Published there.',
  path: '/images/k.qcow2',
};

const PLATFORMS = {
  file: { published: 'file', runsScripts: true, heartbeat: false, proven: 'live' },
  machine: { published: 'machine', runsScripts: true, heartbeat: false, proven: 'live' },
  artefact: { published: 'artefact', runsScripts: false, heartbeat: false, proven: 'live' },
} as const;

function world(
  seen: Partial<Things> | string,
  more: Partial<ImageWorld> & {
    readonly on?: keyof typeof PLATFORMS;
    readonly isListed?: boolean;
  } = {},
): ImageWorld {
  const { on: platform = 'file', isListed = false, ...rest } = more;
  const nothing = { machines: [], disks: [], publications: [], copies: [] };
  const look = {
    connected: true,
    can: PLATFORMS[platform],
    operation: undefined,
    isListed,
    seen:
      typeof seen === 'string'
        ? ({ known: false, why: seen } as const)
        : ({ known: true, things: { ...nothing, ...seen } } as const),
  };
  return {
    usable: true,
    look,
    standing: standingOf(look, { composition: 'c-1', created: false }),
    publication: look.seen.known ? look.seen.things.publications[0] : undefined,
    composition: 'c-1',
    composed: false,
    inspection: undefined,
    description: undefined,
    hasJobs: false,
    inspected: false,
    freeable: undefined,
    compose: job('compose'),
    jobs,
    ...rest,
  };
}
const composed = { composed: true, freeable: 'c-1' };
const withMachine = (machine: MachineSeen, more: Parameters<typeof world>[1] = {}) =>
  world({ machines: [machine], disks: [disk] }, { ...composed, ...more });
const inspected = (found: Inspection, more: Parameters<typeof world>[1] = {}) =>
  withMachine(ran, {
    inspection: { key: 'k', composition: 'c-1', boot: '1', found, at: 0 },
    ...more,
  });
const died = inspected({ verdict: 'unattested', hint: 'It lost its power.' });

describe('planImage', () => {
  it.each([
    {
      why: 'composes first',
      image,
      world: world({}),
      want: { reason: 'Composing', steps: [{ do: 'startJob', spec: { kind: 'compose' } }] },
    },
    {
      why: 'a connector whose checks fail is waited for before there is anything',
      image,
      world: world({}, { usable: false }),
      want: { verdict: 'waiting', reason: 'Waiting' },
    },
    {
      why: 'a job puts the disk on the platform',
      image,
      world: world({}, composed),
      want: { reason: 'Uploading', steps: [{ do: 'startJob', spec: { kind: 'upload' } }] },
    },
    {
      why: 'what was found on a machine that is gone says nothing about the next one',
      image,
      world: world({}, { ...composed, inspected: true }),
      want: { steps: [{ do: 'forgetInspection' }] },
    },
    {
      why: 'a disk that is there gets its machine',
      image,
      world: world({ disks: [disk] }, composed),
      want: { reason: 'Uploading', steps: [{ do: 'createMachine' }] },
    },
    {
      why: 'where no layer scripts run, the disk is published as it is',
      image,
      world: world({ disks: [disk] }, { ...composed, on: 'artefact' }),
      want: {
        reason: 'Publishing',
        steps: [{ do: 'publish', want: { revision: '00000000', after: undefined } }],
      },
    },
    {
      why: 'is switched on once',
      image,
      world: withMachine(fresh),
      want: { steps: [{ do: 'power', want: { to: 'on', after: undefined } }] },
    },
    {
      why: 'is waited for while its scripts run',
      image,
      world: withMachine(on),
      want: { verdict: 'waiting', reason: 'Publishing' },
    },
    {
      why: 'a person shuts it down where the template says so',
      image: attendedImage,
      world: withMachine(on),
      want: { reason: 'ActionRequired', status: { action: { gate: 'ShutDown' }, attended: true } },
    },
    {
      why: 'is never switched on again by us where a person works in it',
      image: attendedImage,
      world: inspected({ verdict: 'unattested', hint: 'No proof.' }),
      want: { verdict: 'waiting', reason: 'ActionRequired' },
    },
    {
      why: 'a machine that died is started over',
      image,
      world: died,
      want: {
        verdict: 'act',
        steps: [{ do: 'deleteMachine' }],
        status: { attempts: { count: 1, ended: 'd1' } },
        note: { reason: 'StartedOver' },
      },
    },
    {
      why: 'after a crash the rest of the disk that it used still goes, and is counted once',
      image: withStatus({ attempts: { count: 1, ended: 'd1' } }),
      world: world({ disks: [disk] }, composed),
      want: { steps: [{ do: 'deleteDisk' }], status: { attempts: { count: 1 } } },
    },
    {
      why: 'the new disk is another one',
      image: withStatus({ attempts: { count: 1, ended: 'd1' } }),
      world: world({ disks: [{ ...disk, id: 'd2' }] }, composed),
      want: { steps: [{ do: 'createMachine' }], status: { attempts: { count: 1 } } },
    },
    {
      why: 'what dies again and again is left to a person',
      image: withStatus({ attempts: { count: 3, ended: 'd0' } }),
      world: died,
      want: { reason: 'ActionRequired', status: { action: { gate: 'ScriptsFailed' } } },
    },
    {
      why: 'a failed script keeps the machine',
      image,
      world: inspected({ verdict: 'failed', step: 1, exitCode: 3, log: 'x' }),
      want: { reason: 'ActionRequired', status: { action: { gate: 'ScriptsFailed' } } },
    },
    {
      why: 'an attested image is copied by a job where files are published',
      image,
      world: inspected({ verdict: 'clean' }),
      want: { reason: 'Publishing', steps: [{ do: 'startJob', spec: { kind: 'copy' } }] },
    },
    {
      why: 'and by the platform elsewhere, after the boot that was inspected',
      image,
      world: inspected({ verdict: 'clean' }, { on: 'machine' }),
      want: {
        reason: 'Publishing',
        steps: [{ do: 'publish', want: { revision: '00000000', after: '1' } }],
      },
    },
    {
      why: 'after that the machine goes where it is not the publication',
      image,
      world: world({ machines: [ran], disks: [disk], publications: [publication] }, composed),
      want: { steps: [{ do: 'deleteMachine' }], status: { published: { id: 'p' } } },
    },
    {
      why: 'where it is, it stays',
      image,
      world: world(
        { machines: [ran], disks: [disk], publications: [publication] },
        { ...composed, on: 'machine' },
      ),
      want: { steps: [{ do: 'forgetComposed', composition: 'c-1' }] },
    },
    {
      why: 'a composition that another target needs is kept',
      image,
      world: world({ publications: [publication] }, { composed: true, inspected: true }),
      want: { verdict: 'act', steps: [{ do: 'forgetInspection' }] },
    },
    {
      why: 'a published image that is found on its platform is adopted, and looked at again',
      image,
      world: world({ publications: [publication] }),
      want: {
        verdict: 'settled',
        reason: 'Published',
        recheckMs: 600_000,
        status: { published: { id: 'p' }, location: { path: publication.path } },
      },
    },
    {
      why: 'an outage takes nothing back from a published image',
      image: withStatus({ published: { id: 'p' }, location: { text: 'There.' } }),
      world: world('the platform does not answer'),
      want: {
        verdict: 'settled',
        reason: 'Published',
        status: { published: { id: 'p' }, location: { text: 'There.' } },
      },
    },
    {
      why: 'and nothing from one in work',
      image: withStatus({ conditions: [condition('Composed', 'Composed')] }),
      world: world('the platform does not answer'),
      want: { verdict: 'waiting', conditions: [{ type: 'Composed' }] },
    },
    {
      why: 'an operation of the platform is followed',
      image,
      world: { ...died, standing: { at: 'operating', percent: 30 } as const },
      want: { verdict: 'waiting', reason: 'Publishing', recheckMs: 2000 },
    },
    {
      why: 'a machine that is gone is made again with a new disk',
      image,
      world: { ...world({ disks: [disk] }, composed), standing: { at: 'lost' } as const },
      want: { steps: [{ do: 'deleteDisk' }], status: { attempts: { count: 1, ended: 'd1' } } },
    },
    {
      why: 'jobs that would read or write its disk end before',
      image: withStatus({ disk: 'd1' }),
      world: { ...world({ disks: [disk] }, { hasJobs: true }), standing: { at: 'lost' } as const },
      want: { steps: [{ do: 'cancelJobs' }, { do: 'deleteDisk' }] },
    },
    {
      why: 'a loss is counted once, however often it is looked at',
      image: withStatus({ disk: 'd1', attempts: { count: 1, ended: 'd1' } }),
      world: { ...world({}, composed), standing: { at: 'lost' } as const },
      want: { steps: [{ do: 'deleteDisk' }], status: { attempts: { count: 1 } } },
    },
    {
      why: 'what is lost again and again is left to a person, and not made again',
      image: withStatus({ disk: 'd4', attempts: { count: 3, ended: 'd3' } }),
      world: { ...world({}, composed), standing: { at: 'lost' } as const },
      want: {
        reason: 'ActionRequired',
        status: { disk: 'd4', action: { gate: 'MachineLost' } },
      },
    },
    {
      why: 'a machine that a person worked in is not made again when it is gone',
      image: withStatus({ attended: true, disk: 'd1' }),
      world: { ...world({}, composed), standing: { at: 'lost' } as const },
      want: {
        reason: 'ActionRequired',
        status: { attended: true, disk: 'd1', action: { gate: 'MachineLost' } },
      },
    },
    {
      why: 'nor forgotten while its platform cannot be seen',
      image: withStatus({ attended: true, disk: 'd1', location: { text: 'There.' } }),
      world: world('the platform does not answer'),
      want: { status: { attended: true, disk: 'd1', location: { text: 'There.' } } },
    },
    {
      why: 'what was found before it was switched on again says nothing any more',
      image,
      world: withMachine(on, { inspected: true }),
      want: { brief: true, steps: [{ do: 'forgetInspection' }] },
    },
    {
      why: 'is given its time from its upload on, where the platform tells no boot',
      image: withStatus({
        conditions: [
          { ...condition('Uploaded', 'Uploaded'), lastTransitionTime: '1970-01-01T00:00:00Z' },
        ],
      }),
      world: withMachine({ id: 'm', power: 'on', text: 'There.' }),
      want: { verdict: 'waiting', reason: 'Publishing' },
    },
  ])('$why', ({ image, world, want }) => {
    expect(planImage(image, world, 10)).toMatchObject(want);
  });

  const lost = world('ConnectorConfig/x does not exist');
  const unconnected = { ...lost, look: { ...lost.look, connected: false } };
  const deleting = layeredImage('00000000', {
    metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' },
  });

  it.each([
    {
      why: 'ends its jobs first',
      world: withMachine(on, { hasJobs: true }),
      want: { steps: [{ do: 'cancelJobs' }] },
    },
    {
      why: 'removes its machine',
      world: withMachine(on),
      want: { steps: [{ do: 'deleteMachine' }] },
    },
    {
      why: 'removes a disk that is only half there',
      world: world({ disks: [{ id: 'd', state: 'filling' }] }),
      want: { steps: [{ do: 'deleteDisk' }] },
    },
    {
      why: 'removes what is not complete enough to be seen',
      world: world({}, { isListed: true }),
      want: { steps: [{ do: 'deleteMachine' }, { do: 'deleteDisk' }] },
    },
    {
      why: 'leaves a published file alone',
      world: world({ publications: [publication] }, { isListed: true }),
      want: { verdict: 'released' },
    },
    {
      why: 'leaves a published machine and its disk alone',
      world: world(
        { machines: [ran], disks: [disk], publications: [publication] },
        { on: 'machine' },
      ),
      want: { verdict: 'released' },
    },
    {
      why: 'waits while nothing is known of the platform',
      world: world('the platform does not answer'),
      want: { verdict: 'waiting' },
    },
    {
      why: 'goes where its connector never was',
      world: unconnected,
      want: { verdict: 'released' },
    },
  ])('a deleted image $why', ({ world, want }) => {
    expect(planImage(deleting, world, 0)).toMatchObject(want);
  });

  it('a deleted image waits for the connector under which it was composed', () => {
    const status = { conditions: [condition('Composed', 'Composed')] };
    const before = layeredImage('00000000', { ...deleting, status });
    expect(planImage(before, unconnected, 0)).toMatchObject({ verdict: 'waiting' });
  });
});
