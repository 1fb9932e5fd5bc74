import type { LayeredImageSpec } from '../../api/kinds/layered-image.ts';
import { KIND_OF, type LayerReference } from '../../api/references/declared.ts';
import { digestOf, hash8 } from '../../core/digest.ts';
import { isNew, storedOf, type Layer, type LayerVersion } from '../objects.ts';

type Resolved = LayeredImageSpec['os'];

/** One reference of a template with the objects that it leads to. */
export interface Referenced extends Pick<LayerReference, 'role' | 'reference'> {
  readonly layer: Layer | undefined;
  /** The version that the reference names now; undefined: the channel does not exist. */
  readonly versionName: string | undefined;
  readonly version: LayerVersion | undefined;
}

/** What a template comes to: an image to make, something to wait for, or a contradiction. */
export type Resolution =
  | {
      readonly as: 'image';
      readonly revision: string;
      readonly os: Resolved;
      readonly layers: readonly Resolved[];
    }
  /** `isNew` while no controller has looked at what is waited for. */
  | { readonly as: 'waiting'; readonly on: string; readonly isNew: boolean }
  | { readonly as: 'wrong'; readonly message: string };

/** Resolves a template: the operating system first, then layers, lowest first. Pure. */
export function resolve(
  references: readonly Referenced[],
  wrong = otherVersion(references),
): Resolution {
  if (wrong !== undefined) return { as: 'wrong', message: wrong };
  // The last one, since most layers are made in their order: naming each of them is a write.
  const open = references.findLast(({ version }) => storedOf(version) === undefined);
  if (open !== undefined) return { as: 'waiting', on: describe(open), isNew: isFresh(open) };
  const [os, ...layers] = references.flatMap((each) => resolvedOf(each) ?? []);
  if (os === undefined) return { as: 'wrong', message: 'the template has no operating system' };
  const contents = references.map(({ version }) => ({
    content: storedOf(version)?.content,
    scripts: version?.spec.imageScripts,
  }));
  return { as: 'image', revision: hash8(digestOf(contents)), os, layers };
}

function isFresh({ layer, version }: Referenced): boolean {
  const newest = version ?? layer;
  return newest !== undefined && isNew(newest);
}

function describe({ role, reference, layer, versionName }: Referenced): string {
  const name = `${KIND_OF[role]}/${reference.name}`;
  if (layer === undefined) return `${name}, which does not exist`;
  if (versionName === undefined) return `${name}, which has no channel ${reference.channel}`;
  return `${name} version ${versionName} to be Deployable`;
}

/** Device-critical files of a platform come from its OS version: on another one it may not boot. */
function otherVersion(references: readonly Referenced[]): string | undefined {
  const platform = references.find(({ role }) => role === 'platform');
  const made = platform?.version?.spec.package?.os;
  const wanted = references[0]?.version?.metadata.name;
  if (made === undefined || wanted === undefined || made === wanted) return undefined;
  return `PlatformLayer/${platform?.reference.name} version ${platform?.versionName} is made on LayerVersion/${made}, the template uses ${wanted}: add a version of the platform layer with that osVersion`;
}

function resolvedOf({ role, reference, version }: Referenced): Resolved | undefined {
  const stored = storedOf(version);
  if (version === undefined || stored === undefined) return undefined;
  const { imageScripts: scripts, version: name } = version.spec;
  return {
    name: `${role === 'os' ? '' : `${role}/`}${reference.name} ${name}`,
    repository: stored.repository,
    tag: stored.tag,
    manifest: stored.manifest,
    ...(scripts === undefined ? {} : { imageScripts: scripts }),
  };
}
