import { conditionOf } from '../../api/object.ts';
import type { ImageTemplateStatus } from '../../api/kinds/image-template.ts';
import type { LayeredImageSpec } from '../../api/kinds/layered-image.ts';
import { externalKey, imageName } from '../../core/identity.ts';
import type { Plan } from '../../kube/reconciler.ts';
import {
  holds,
  isDeleting,
  isNew,
  isPublished,
  namespaceOf,
  stageOf,
  type ImageTemplate,
  type LayeredImage,
} from '../objects.ts';
import type { TemplateWorld } from './observe.ts';
import { resolve, type Resolution } from './resolve.ts';

/** What a template can do. */
export type TemplateStep =
  | { readonly do: 'create'; readonly name: string; readonly spec: LayeredImageSpec }
  | { readonly do: 'remove'; readonly name: string };

type Target = ImageTemplate['spec']['targets'][number];
type Image = Extract<Resolution, { as: 'image' }>;

/** One LayeredImage per target for the revision that the template resolves to. */
export function planTemplate(
  template: ImageTemplate,
  world: TemplateWorld,
): Plan<TemplateStep, ImageTemplateStatus> {
  const resolution = resolve(world.references, world.wrong);
  const base = {
    status: statusOf(template, world, resolution),
    conditions: [],
    available: availability(world),
  };
  if (isDeleting(template)) return { ...base, verdict: 'released' };
  if (resolution.as === 'wrong') {
    return { ...base, verdict: 'stalled', reason: 'InvalidReference', message: resolution.message };
  }
  if (resolution.as === 'waiting') {
    return {
      ...base,
      verdict: 'waiting',
      reason: 'Waiting',
      message: `waits for ${resolution.on}`,
      ...(resolution.isNew ? { quiet: true } : {}),
    };
  }
  const steps = [...missing(template, world, resolution), ...outdated(template, world, resolution)];
  const [first, ...rest] = steps;
  if (first !== undefined) {
    const message = `revision ${resolution.revision}: bringing the images in line`;
    return {
      ...base,
      verdict: 'act',
      brief: true,
      reason: 'Publishing',
      message,
      steps: [first, ...rest],
    };
  }
  return { ...base, ...standing(template, world, resolution) };
}

function nameOf(template: ImageTemplate, target: Target, revision: string): string {
  return imageName(template.metadata.name, target.name, revision);
}

function missing(
  template: ImageTemplate,
  world: TemplateWorld,
  image: Image,
): readonly TemplateStep[] {
  const there = new Set(world.images.map((item) => item.metadata.name));
  return template.spec.targets
    .filter((target) => !there.has(nameOf(template, target, image.revision)))
    .map((target) => createStep(template, target, world.installId, image));
}

function createStep(
  template: ImageTemplate,
  target: Target,
  installId: string,
  { revision, os, layers }: Image,
): TemplateStep {
  const name = nameOf(template, target, revision);
  return {
    do: 'create',
    name,
    spec: {
      template: template.metadata.name,
      target: target.name,
      revision,
      connectorRef: target.connectorRef,
      provisioning: target.provisioning,
      shutdownWhenDone: target.shutdownWhenDone ?? true,
      key: externalKey(installId, namespaceOf(template), name),
      os,
      layers,
    },
  };
}

/** Unfinished images of other revisions are cancelled; finished ones stay as records up to a limit. */
function outdated(
  template: ImageTemplate,
  world: TemplateWorld,
  { revision }: Image,
): readonly TemplateStep[] {
  const targets = new Set(template.spec.targets.map((target) => target.name));
  const old = world.images.filter((item) => item.spec.revision !== revision && !isDeleting(item));
  const cancelled = old.filter((item) => !isPublished(item) || !targets.has(item.spec.target));
  const limit = template.spec.revisionHistoryLimit ?? 3;
  const beyond = [...targets].flatMap((target) =>
    old
      .filter((item) => item.spec.target === target && isPublished(item))
      .sort((left, right) => bornAt(right).localeCompare(bornAt(left)))
      .slice(limit),
  );
  return [...new Set([...cancelled, ...beyond])].map((item) => ({
    do: 'remove',
    name: item.metadata.name,
  }));
}

function bornAt(image: LayeredImage): string {
  return `${image.metadata.creationTimestamp ?? ''} ${image.metadata.name}`;
}

function current(
  template: ImageTemplate,
  world: TemplateWorld,
  revision: string,
): readonly (LayeredImage | undefined)[] {
  return template.spec.targets.map((target) =>
    world.images.find((item) => item.metadata.name === nameOf(template, target, revision)),
  );
}

function standing(template: ImageTemplate, world: TemplateWorld, { revision }: Image) {
  const images = current(template, world, revision);
  const index = images.findIndex((image) => !isPublished(image));
  const open = images[index];
  if (index < 0) {
    const message = `revision ${revision} is Published on ${images.length} target${images.length === 1 ? '' : 's'}`;
    return { verdict: 'settled', reason: 'Published', message } as const;
  }
  const target = template.spec.targets[index]?.name;
  if (holds(open, 'Stalled')) {
    const message = `target ${target}: ${conditionOf(open, 'Stalled')?.message}`;
    return { verdict: 'stalled', reason: 'ImageStalled', message } as const;
  }
  const message = `target ${target}: ${stageOf(open)}`;
  const waiting = { verdict: 'waiting', reason: 'Publishing', message } as const;
  return open !== undefined && isNew(open) ? ({ ...waiting, quiet: true } as const) : waiting;
}

function newestPublished(world: TemplateWorld, target: string, revision: string | undefined) {
  const published = world.images
    .filter((item) => item.spec.target === target && isPublished(item))
    .sort((left, right) => bornAt(right).localeCompare(bornAt(left)));
  return published.find((item) => item.spec.revision === revision) ?? published[0];
}

function statusOf(
  template: ImageTemplate,
  world: TemplateWorld,
  resolution: Resolution,
): ImageTemplateStatus {
  const revision = resolution.as === 'image' ? resolution.revision : undefined;
  const targets = template.spec.targets.map(({ name }) => {
    const image = newestPublished(world, name, revision);
    return image === undefined
      ? { name }
      : { name, revision: image.spec.revision, image: image.metadata.name };
  });
  return { targets, ...(revision === undefined ? {} : { revision }) };
}

function availability(world: TemplateWorld) {
  const published = world.images.some(isPublished);
  return published
    ? { status: true, reason: 'Published', message: 'at least one revision is Published' }
    : { status: false, reason: 'NothingPublished', message: 'no revision is Published yet' };
}
