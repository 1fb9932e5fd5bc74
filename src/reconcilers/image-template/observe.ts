import type { LayerRole } from '../../core/identity.ts';
import { findLayer, findVersion } from '../lookup.ts';
import {
  controls,
  namespaceOf,
  type ImageTemplate,
  type LayerVersion,
  type LayeredImage,
} from '../objects.ts';
import type { Ports } from '../ports.ts';
import type { Referenced } from './resolve.ts';

/** What the plan of a template looks at. */
export interface TemplateWorld {
  /** The operating system first, then layers, lowest first. */
  readonly references: readonly Referenced[];
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
  const { osLayer, appLayers = [], platformLayer } = template.spec;
  const follow = (role: LayerRole, reference: Referenced['reference']): Referenced => {
    const layer = findLayer(listers, namespace, role, reference.name);
    const versionName = reference.version ?? layer?.spec.channels?.[reference.channel ?? ''];
    const version =
      versionName === undefined
        ? undefined
        : findVersion(listers, namespace, { role, name: reference.name }, versionName);
    return { role, reference, layer, versionName, version };
  };
  return {
    references: [
      follow('os', osLayer),
      ...appLayers.map((reference) => follow('app', reference)),
      ...(platformLayer === undefined ? [] : [follow('platform', platformLayer)]),
    ],
    images: listers.layeredImages.list(namespace).filter((image) => controls(template, image)),
    installId: store.installId,
  };
}

/** Templates that may resolve to something else now that a version changed. */
export function dependentTemplates(
  { listers }: Pick<Ports, 'listers'>,
  version: LayerVersion,
): readonly { readonly namespace: string; readonly name: string }[] {
  const namespace = namespaceOf(version);
  return templatesUsing({ listers }, namespace, version.spec.role, version.spec.layer);
}

/** Templates that name a layer. */
export function templatesUsing(
  { listers }: Pick<Ports, 'listers'>,
  namespace: string,
  role: LayerRole,
  layer: string,
): readonly { readonly namespace: string; readonly name: string }[] {
  return listers.imageTemplates
    .list(namespace)
    .filter(
      ({ spec }) =>
        ({
          os: spec.osLayer.name === layer,
          platform: spec.platformLayer?.name === layer,
          app: spec.appLayers?.some((item) => item.name === layer) === true,
        })[role],
    )
    .map((template) => ({ namespace, name: template.metadata.name }));
}
