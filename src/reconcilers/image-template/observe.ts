import { contradictions } from '../../api/references/contradictions.ts';
import { referencesOf, type LayerReference } from '../../api/references/declared.ts';
import { IMAGE_OWNER } from '../indexes.ts';
import { findLayer, findVersion } from '../lookup.ts';
import { namespaceOf, type ImageTemplate, type LayeredImage } from '../objects.ts';
import type { Ports } from '../ports.ts';
import type { Referenced } from './resolve.ts';

/** What the plan of a template looks at. */
export interface TemplateWorld {
  /** The operating system first, then layers, lowest first. */
  readonly references: readonly Referenced[];
  /** What contradicts itself in them. */
  readonly wrong: string | undefined;
  /** Its images, deleting ones too. */
  readonly images: readonly LayeredImage[];
  /** Makes the key of an image on its platform. */
  readonly installId: string;
}

/** Follows every reference of a template. */
export function observeTemplate(
  { listers, store }: Pick<Ports, 'listers' | 'store'>,
  template: ImageTemplate,
): TemplateWorld {
  const namespace = namespaceOf(template);
  const follow = ({ role, reference }: LayerReference): Referenced => {
    const { name, version, channel = '' } = reference;
    const layer = findLayer(listers, namespace, role, name);
    const versionName = version ?? layer?.spec.channels?.[channel];
    const found =
      versionName === undefined
        ? undefined
        : findVersion(listers, namespace, { role, name }, versionName);
    return { role, reference, layer, versionName, version: found };
  };
  const { uid } = template.metadata;
  return {
    references: referencesOf(template).map(follow),
    wrong: contradictions(template, (_from, role, name) =>
      findLayer(listers, namespace, role, name),
    )[0]?.message,
    images: uid === undefined ? [] : listers.layeredImages.by(IMAGE_OWNER.name, uid),
    installId: store.installId,
  };
}
