import { API_VERSION } from '../../api/kind.ts';
import { conditionOf } from '../../api/object.ts';
import type { ImageTemplateSpec, ImageTemplateStatus } from '../../api/kinds/image-template.ts';
import { KIND_OF } from '../../api/references/declared.ts';
import type { LayerRole } from '../../core/identity.ts';
import type { ControllerSpec } from '../../kube/controller.ts';
import { resourceOf, type KubeObject } from '../../kube/resource.ts';
import {
  channelValue,
  IMAGE_OWNER,
  inNamespace,
  TEMPLATE_LAYER,
  TEMPLATE_REFERENCE,
  VERSION_LAYER,
  versionValue,
} from '../indexes.ts';
import { findLayer } from '../lookup.ts';
import {
  FINALIZERS,
  isNew,
  isPublished,
  namespaceOf,
  ownedBy,
  stageOf,
  storedOf,
  type ImageTemplate,
  type Layer,
  type LayeredImage,
  type LayerVersion,
} from '../objects.ts';
import type { Ports } from '../ports.ts';
import { keysOf, watching } from '../watching.ts';
import { observeTemplate, type TemplateWorld } from './observe.ts';
import { planTemplate, type TemplateStep } from './plan.ts';

type TemplatePorts = Pick<Ports, 'listers' | 'store' | 'writer'>;

type Controller = ControllerSpec<
  ImageTemplateSpec,
  ImageTemplateStatus,
  TemplateWorld,
  TemplateStep
>;

/** Keeps one LayeredImage per target for the revision that a template resolves to. */
export function imageTemplateController(ports: TemplatePorts): Controller {
  return {
    name: 'imagetemplate',
    resource: resourceOf('ImageTemplate'),
    reconciler: {
      observe: async (template) => observeTemplate(ports, template),
      plan: planTemplate,
      act: (step, template) => act(ports, step, template),
    },
    indexes: [TEMPLATE_LAYER, TEMPLATE_REFERENCE, VERSION_LAYER, IMAGE_OWNER],
    watches: [
      watching<LayerVersion>({
        kind: 'LayerVersion',
        facet: (version) => [
          storedOf(version),
          isNew(version),
          version.metadata.deletionTimestamp,
          version.spec,
        ],
        map: (version) => templatesNaming(ports, version),
      }),
      ...(['os', 'platform', 'app'] as const).map((role) => watchingLayer(ports, role)),
      watching<LayeredImage>({
        kind: 'LayeredImage',
        facet: (image) => [
          isPublished(image),
          isNew(image),
          stageOf(image),
          conditionOf(image, 'Stalled')?.message,
          image.metadata.deletionTimestamp,
        ],
        map: (image) =>
          (image.metadata.ownerReferences ?? []).map(({ name }) =>
            inNamespace(namespaceOf(image), name),
          ),
      }),
    ],
    workers: 2,
  };
}

/** Templates that name a version, by itself or by a channel that points at it. */
function templatesNaming({ listers }: TemplatePorts, version: LayerVersion): readonly string[] {
  const namespace = namespaceOf(version);
  const { role, layer, version: name } = version.spec;
  const channels = findLayer(listers, namespace, role, layer)?.spec.channels ?? {};
  const values = [
    versionValue(namespace, { role, layer, version: name }),
    ...Object.entries(channels)
      .filter(([, target]) => target === name)
      .map(([channel]) => channelValue(namespace, { role, layer, channel })),
  ];
  return values.flatMap((value) =>
    keysOf(listers.imageTemplates.by(TEMPLATE_REFERENCE.name, value)),
  );
}

/** Templates follow the channels of a layer, and need it to belong to their operating system. */
function watchingLayer({ listers }: TemplatePorts, role: LayerRole) {
  return watching<Layer & KubeObject>({
    kind: KIND_OF[role],
    facet: (layer) => {
      const { spec } = layer;
      return [spec.channels, 'osLayer' in spec ? spec.osLayer : undefined, isNew(layer)];
    },
    map: (layer) =>
      keysOf(
        listers.imageTemplates.by(
          TEMPLATE_LAYER.name,
          inNamespace(namespaceOf(layer), role, layer.metadata.name),
        ),
      ),
  });
}

async function act(
  { writer }: TemplatePorts,
  step: TemplateStep,
  template: ImageTemplate,
): Promise<void> {
  const namespace = namespaceOf(template);
  const { name } = step;
  if (step.do === 'remove') return writer.remove({ kind: 'LayeredImage', namespace, name });
  return writer.ensure({
    apiVersion: API_VERSION,
    kind: 'LayeredImage',
    metadata: {
      name,
      namespace,
      finalizers: [FINALIZERS.LayeredImage],
      ownerReferences: ownedBy(template),
    },
    spec: step.spec,
  });
}
