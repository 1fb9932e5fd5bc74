import type { TemplateWorld } from '../../../src/reconcilers/image-template/observe.ts';
import { planTemplate } from '../../../src/reconcilers/image-template/plan.ts';
import { resolve, type Referenced } from '../../../src/reconcilers/image-template/resolve.ts';
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
  const ready = { published: { id: 'there' }, conditions: [condition('Ready', 'Published')] };
  const world: TemplateWorld = { references: [os], wrong: undefined, images: [], installId: 'i' };
  const old = (name: string, birth: string) =>
    layeredImage(name, { status: ready, metadata: { creationTimestamp: birth } });

  it.each([
    {
      why: 'a revision that nobody made is made on every target',
      world,
      want: { verdict: 'act', steps: [{ do: 'create', name: `limg-desk-here-${revision}` }] },
    },
    {
      why: 'an image that was made a moment ago is not worth a write',
      world: { ...world, images: [layeredImage(revision)] },
      want: { verdict: 'waiting', reason: 'Publishing', quiet: true },
    },
    {
      why: 'an image in work is waited for, and told',
      world: {
        ...world,
        images: [
          layeredImage(revision, {
            status: { conditions: [condition('Ready', 'Composing', 'False')] },
          }),
        ],
      },
      want: { verdict: 'waiting', message: 'target here: Composing' },
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
      why: 'a Published image of another revision whose last pass failed keeps its record',
      world: {
        ...world,
        images: [
          layeredImage(revision, { status: ready }),
          layeredImage('00000000', {
            status: {
              published: { id: 'there' },
              conditions: [
                condition('Ready', 'Lost', 'False'),
                condition('Reconciling', 'Progressing'),
              ],
            },
          }),
        ],
      },
      want: { verdict: 'settled', reason: 'Published' },
    },
    {
      why: 'and so does one of an older release, which has only its condition',
      world: {
        ...world,
        images: [
          layeredImage(revision, { status: ready }),
          layeredImage('00000000', {
            status: {
              conditions: [
                condition('Ready', 'Lost', 'False'),
                condition('SnapshotTaken', 'Taken'),
              ],
            },
          }),
        ],
      },
      want: { verdict: 'settled', reason: 'Published' },
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
