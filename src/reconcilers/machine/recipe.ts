import type { Capabilities } from '../../connectors/connector.ts';
import type { LayerPointer } from '../../core/layer.ts';
import type { GuestTask } from '../../core/guest-task.ts';
import type { Recipe } from '../../jobs/spec.ts';
import { namespaceOf, type LayeredImage, type LayerVersion } from '../objects.ts';

function pointerOf({ repository, tag, manifest }: LayerPointer): LayerPointer {
  return { repository, tag, manifest };
}

/** What the packaging disk of a version is made from; undefined until all that it stands on is stored. */
export function recipeOfVersion(
  version: LayerVersion,
  below: readonly (LayerPointer | undefined)[],
): Recipe | undefined {
  const stored = below.filter((one) => one !== undefined).map(pointerOf);
  const [os, ...deltas] = stored;
  if (os === undefined || stored.length < below.length) return undefined;
  const { layer, version: name, package: made } = version.spec;
  const install = made?.install;
  const task: GuestTask = {
    role: 'package',
    title: `${layer} ${name}`,
    steps: install?.steps ?? [],
    media: install?.media ?? [],
    unattended: install !== undefined,
    ...(made?.instructions === undefined ? {} : { instructions: made.instructions }),
  };
  return { namespace: namespaceOf(version), os, deltas, task };
}

/**
 * What the disk of an image is made from. Where no machine runs the layer scripts before it is published,
 * they run in each desktop, which must not shut itself down after them.
 */
export function recipeOfImage(
  image: LayeredImage,
  { runsScripts }: Pick<Capabilities, 'runsScripts'>,
): Recipe {
  const { os, layers, template, revision, shutdownWhenDone } = image.spec;
  const all = [os, ...layers];
  const task: GuestTask = {
    role: 'image',
    title: `${template} ${revision}`,
    layers: all.map(({ name }) => name),
    scripts: all.flatMap(({ name, imageScripts = [] }) =>
      imageScripts.map(({ run }) => ({ layer: name, run })),
    ),
    shutdownWhenDone: shutdownWhenDone && runsScripts,
  };
  return {
    namespace: namespaceOf(image),
    os: pointerOf(os),
    deltas: layers.map(pointerOf),
    task,
  };
}
