import type { ImageWorld } from '../../../src/reconcilers/layered-image/observe.ts';
import { planImage } from '../../../src/reconcilers/layered-image/plan.ts';
import type { TemplateWorld } from '../../../src/reconcilers/image-template/observe.ts';
import { planTemplate } from '../../../src/reconcilers/image-template/plan.ts';
import { resolve, type Referenced } from '../../../src/reconcilers/image-template/resolve.ts';
import type { Inspection, JobSpec, JobState } from '../../../src/jobs/spec.ts';
import type { LayerVersion } from '../../../src/reconcilers/objects.ts';
import {
  appLayer,
  condition,
  deployable,
  imageTemplate,
  layerVersion,
  layeredImage,
  osLayer,
} from '../../support/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

function referenced(
  role: Referenced['role'],
  name: string,
  digit: string,
  more: Partial<LayerVersion['spec']> = {},
): Referenced {
  const layer = role === 'os' ? osLayer({ versions: [] }) : appLayer(name, {});
  const version = layerVersion(
    `${name}-1`,
    { role, layer: name, ...more },
    { status: deployable(name, digit) },
  );
  return { role, reference: { name, version: '1' }, layer, versionName: '1', version };
}
const os = referenced('os', 'tiny', 'a');
const editor = referenced('app', 'editor', 'b');
const browser = referenced('app', 'browser', 'c');

function revisionOf(references: readonly Referenced[]): string {
  const resolution = resolve(references);
  return resolution.as === 'image' ? resolution.revision : JSON.stringify(resolution);
}

describe('resolve', () => {
  it.each([
    { why: 'the order of layers is part of the revision', other: [os, browser, editor] },
    { why: 'a layer less is another revision', other: [os, editor] },
    {
      why: 'other content is another revision',
      other: [os, editor, referenced('app', 'browser', 'd')],
    },
    {
      why: 'a script that runs in the image is part of it',
      other: [
        os,
        editor,
        referenced('app', 'browser', 'c', { imageScripts: [{ run: 'x', when: 'FirstBoot' }] }),
      ],
    },
  ])('$why', ({ other }) => {
    expect(revisionOf(other)).not.toBe(revisionOf([os, editor, browser]));
    expect(revisionOf(other)).toMatch(/^[0-9a-f]{8}$/);
  });

  it.each([
    {
      why: 'a layer that does not exist is waited for',
      references: [os, { ...editor, layer: undefined, version: undefined }],
      want: { as: 'waiting', on: 'AppLayer/editor, which does not exist' },
    },
    {
      why: 'a channel that does not exist is waited for, by name',
      references: [
        os,
        {
          ...editor,
          reference: { name: 'editor', channel: 'prod' },
          versionName: undefined,
          version: undefined,
        },
      ],
      want: { as: 'waiting', on: 'AppLayer/editor, which has no channel prod' },
    },
    {
      why: 'the same layer twice is a contradiction',
      references: [os, editor, editor],
      want: { as: 'wrong', message: 'app layer editor is listed twice' },
    },
    {
      why: 'a layer of another operating system is a contradiction',
      references: [os, { ...editor, layer: appLayer('editor', { osLayer: { name: 'other' } }) }],
      want: { as: 'wrong', message: expect.stringContaining('belongs to OS layer other') },
    },
    {
      why: 'a platform version of another OS version may not boot',
      references: [
        os,
        referenced('platform', 'tools', 'e', {
          package: { connectorRef: { name: 'here' }, os: 'osl-tiny-0', below: [] },
        }),
      ],
      want: {
        as: 'wrong',
        message: expect.stringContaining('add a version of the platform layer'),
      },
    },
  ])('$why', ({ references, want }) => {
    expect(resolve(references)).toMatchObject(want);
  });
});

describe('planTemplate', () => {
  const template = imageTemplate();
  const revision = revisionOf([os]);
  const ready = { conditions: [condition('Ready', 'Published')] };
  const world: TemplateWorld = { references: [os], images: [], installId: 'i' };
  const old = (name: string, birth: string) =>
    layeredImage(name, { status: ready, metadata: { creationTimestamp: birth } });

  it.each([
    {
      why: 'a revision that nobody made is made on every target',
      world,
      want: { verdict: 'act', steps: [{ do: 'create', name: `limg-desk-here-${revision}` }] },
    },
    {
      why: 'an image in work is waited for',
      world: { ...world, images: [layeredImage(revision)] },
      want: { verdict: 'waiting', reason: 'Publishing' },
    },
    {
      why: 'a published revision settles; going back to it rebuilds nothing',
      world: {
        ...world,
        images: [
          layeredImage(revision, { status: ready }),
          old('00000000', '2026-01-05T00:00:00Z'),
        ],
      },
      want: { verdict: 'settled', status: { revision, targets: [{ name: 'here', revision }] } },
    },
    {
      why: 'an unfinished image of another revision is cancelled',
      world: {
        ...world,
        images: [layeredImage(revision, { status: ready }), layeredImage('00000000')],
      },
      want: { verdict: 'act', steps: [{ do: 'remove', name: 'limg-desk-here-00000000' }] },
    },
    {
      why: 'only the oldest records beyond the limit go',
      world: {
        ...world,
        images: [
          layeredImage(revision, { status: ready }),
          old('00000001', '2026-01-01T00:00:00Z'),
          old('00000002', '2026-01-02T00:00:00Z'),
          old('00000003', '2026-01-03T00:00:00Z'),
          old('00000004', '2026-01-04T00:00:00Z'),
        ],
      },
      want: { verdict: 'act', steps: [{ do: 'remove', name: 'limg-desk-here-00000001' }] },
    },
    {
      why: 'while a layer is made the old image stays available',
      world: {
        ...world,
        references: [{ ...os, version: undefined }],
        images: [old('00000001', '2026-01-01T00:00:00Z')],
      },
      want: { verdict: 'waiting', reason: 'Waiting', available: { status: true } },
    },
  ])('$why', ({ world, want }) => {
    expect(planTemplate(template, world)).toMatchObject(want);
  });
});

describe('planImage', () => {
  const image = layeredImage('00000000');
  const attendedImage = { ...image, spec: { ...image.spec, shutdownWhenDone: false } };
  const spec: JobSpec = {
    kind: 'convert',
    source: { path: '/a', format: 'raw' },
    target: { path: '/b', format: 'raw' },
  };
  const job = (state?: JobState) => ({ name: 'job', spec, state });
  const composed: JobState = {
    state: 'succeeded',
    result: { disk: { path: '/d', format: 'qcow2' }, sizeBytes: 1, nonce: 'n' },
  };
  const inspected = (result: Inspection) => job({ state: 'succeeded', result });
  const machine = { key: 'k', power: 'off' as const, console: {}, location: 'here' };
  const ran = { ...machine, poweredOnAt: 1 };
  const world: ImageWorld = {
    connectorReady: true,
    connected: true,
    snapshot: undefined,
    hasDisk: false,
    machine: undefined,
    hasComposed: false,
    compose: job(),
    inspect: undefined,
  };
  const put = { ...world, hasComposed: true, hasDisk: true, compose: job(composed) };
  const snapshot = { key: 'k', path: '/images/k.qcow2', format: 'qcow2' as const };

  it.each([
    {
      why: 'composes first',
      image,
      world,
      want: { reason: 'Composing', steps: [{ do: 'startJob' }] },
    },
    {
      why: 'puts the disk, then makes the machine',
      image,
      world: { ...put, hasDisk: false },
      want: { reason: 'Uploading', steps: [{ do: 'putDisk' }, { do: 'createMachine' }] },
    },
    {
      why: 'a disk that a crash left behind is adopted',
      image,
      world: put,
      want: { reason: 'Uploading', steps: [{ do: 'createMachine' }] },
    },
    {
      why: 'is switched on once',
      image,
      world: { ...put, machine },
      want: { steps: [{ do: 'powerOn' }] },
    },
    {
      why: 'is waited for while its scripts run',
      image,
      world: { ...put, machine: { ...ran, power: 'on' as const } },
      want: { verdict: 'waiting', reason: 'Publishing' },
    },
    {
      why: 'a person shuts it down where the template says so',
      image: attendedImage,
      world: { ...put, machine: { ...ran, power: 'on' as const } },
      want: { reason: 'ActionRequired', status: { action: { gate: 'ShutDown' } } },
    },
    {
      why: 'is never switched on again by us',
      image,
      world: {
        ...put,
        machine: ran,
        inspect: inspected({ verdict: 'unattested', hint: 'No proof.' }),
      },
      want: { verdict: 'waiting', reason: 'ActionRequired' },
    },
    {
      why: 'a failed script keeps the machine',
      image,
      world: {
        ...put,
        machine: ran,
        inspect: inspected({ verdict: 'failed', step: 1, exitCode: 3, log: 'x' }),
      },
      want: { reason: 'ActionRequired', status: { action: { gate: 'ScriptsFailed' } } },
    },
    {
      why: 'an attested image is frozen in a snapshot',
      image,
      world: { ...put, machine: ran, inspect: inspected({ verdict: 'clean' }) },
      want: { reason: 'Publishing', steps: [{ do: 'snapshot' }] },
    },
    {
      why: 'after the snapshot the rest goes',
      image,
      world: { ...put, machine: ran, snapshot },
      want: { steps: [{ do: 'deleteMachine' }, { do: 'deleteDisk' }, { do: 'discard' }] },
    },
    {
      why: 'a published image found on its platform is adopted without any work',
      image,
      world: { ...world, snapshot },
      want: {
        verdict: 'settled',
        reason: 'Published',
        status: { location: { path: snapshot.path } },
      },
    },
  ])('$why', ({ image, world, want }) => {
    expect(planImage(image, world, 0)).toMatchObject(want);
  });

  it('a deleted image leaves its published snapshot alone', () => {
    const deleting = {
      ...image,
      metadata: { ...image.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    expect(planImage(deleting, { ...world, snapshot }, 0)).toMatchObject({ verdict: 'released' });
    expect(planImage(deleting, put, 0)).toMatchObject({ verdict: 'act', reason: 'Deleting' });
    const alone = { ...put, connected: false };
    expect(planImage(deleting, alone, 0)).toMatchObject({ verdict: 'waiting' });
  });
});
