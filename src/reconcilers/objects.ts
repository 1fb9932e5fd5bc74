import type { AppLayerSpec } from '../api/kinds/app-layer.ts';
import type { ConnectorConfigSpec, ConnectorConfigStatus } from '../api/kinds/connector-config.ts';
import type { ImageTemplateSpec, ImageTemplateStatus } from '../api/kinds/image-template.ts';
import type { LayerVersionSpec, LayerVersionStatus } from '../api/kinds/layer-version.ts';
import type { LayeredImageSpec, LayeredImageStatus } from '../api/kinds/layered-image.ts';
import type { LayerStatus } from '../api/kinds/layer.ts';
import type { OSLayerSpec } from '../api/kinds/os-layer.ts';
import type {
  PackagingMachineSpec,
  PackagingMachineStatus,
} from '../api/kinds/packaging-machine.ts';
import type { PlatformLayerSpec } from '../api/kinds/platform-layer.ts';
import { conditionOf, type ApiObject, type Condition, type OwnerReference } from '../api/object.ts';
import { API_VERSION } from '../api/kind.ts';
import type { StoredLayer } from '../core/layer.ts';

/** An operating system. */
export type OSLayer = ApiObject<OSLayerSpec, LayerStatus>;
/** An application. */
export type AppLayer = ApiObject<AppLayerSpec, LayerStatus>;
/** Tools of a platform. */
export type PlatformLayer = ApiObject<PlatformLayerSpec, LayerStatus>;
/** Any of the three layer kinds. */
export type Layer = OSLayer | AppLayer | PlatformLayer;
/** One version of a layer. */
export type LayerVersion = ApiObject<LayerVersionSpec, LayerVersionStatus>;
/** A temporary machine. */
export type PackagingMachine = ApiObject<PackagingMachineSpec, PackagingMachineStatus>;
/** A location on a platform. */
export type ConnectorConfig = ApiObject<ConnectorConfigSpec, ConnectorConfigStatus>;
/** A template. */
export type ImageTemplate = ApiObject<ImageTemplateSpec, ImageTemplateStatus>;
/** One revision of a template on one target. */
export type LayeredImage = ApiObject<LayeredImageSpec, LayeredImageStatus>;

/**
 * What holds an object until its controller has cleaned up behind it. Those who create it set it, which
 * saves the write that would add it.
 */
export const FINALIZERS = {
  ConnectorConfig: 'lamina.dev/connector',
  LayerVersion: 'lamina.dev/version',
  PackagingMachine: 'lamina.dev/machine',
  LayeredImage: 'lamina.dev/image',
} as const;

/**
 * What controllers make, whom it belongs to, and what else they do to it besides its finalizer and
 * status. Their rights on a cluster follow from this.
 */
export const CHILDREN = {
  LayerVersion: { owners: ['OSLayer', 'PlatformLayer', 'AppLayer'], verbs: ['delete', 'patch'] },
  PackagingMachine: { owners: ['LayerVersion'], verbs: ['delete'] },
  LayeredImage: { owners: ['ImageTemplate'], verbs: ['delete'] },
} as const;

/** The kinds that controllers make. */
export type ChildKind = keyof typeof CHILDREN;

/** The namespace of a namespaced object. */
export function namespaceOf(object: ApiObject): string {
  return object.metadata.namespace ?? 'default';
}

/** True if the condition holds. */
export function holds(object: ApiObject | undefined, type: string): boolean {
  return conditionOf(object, type)?.status === 'True';
}

/** True while both checks of a configuration hold, and nobody deletes it. */
export function isUsable(config: ConnectorConfig | undefined): boolean {
  return (
    config !== undefined &&
    !isDeleting(config) &&
    holds(config, 'CredentialsValid') &&
    holds(config, 'LocationValid')
  );
}

/** Conditions as they were: what cannot be seen for now takes nothing back. */
export function conditionsBefore(
  { status }: ApiObject,
  types: ReadonlySet<string>,
): readonly Condition[] {
  return (status?.conditions ?? []).filter(({ type }) => types.has(type));
}

/** The uid of the object that controls this one. */
export function ownerOf({ metadata }: ApiObject): string | undefined {
  return metadata.ownerReferences?.find((link) => link.controller === true)?.uid;
}

/** The stage that people see: the reason of Ready. */
export function stageOf(object: ApiObject | undefined): string {
  return conditionOf(object, 'Ready')?.reason ?? 'Waiting';
}

/** What a version left in the store, once it did: a fact that stays while its object is busy with other things. */
export function storedOf(version: LayerVersion | undefined): StoredLayer | undefined {
  return version?.status?.stored;
}

/** True once an image was seen published. Objects of older releases have only the condition. */
export function isPublished(image: LayeredImage | undefined): boolean {
  return image?.status?.published !== undefined || holds(image, 'SnapshotTaken');
}

/** True until a controller has looked at it: what was made a moment ago has nothing to tell. */
export function isNew(object: ApiObject): boolean {
  return object.status?.conditions === undefined;
}

/** True once somebody asked for the deletion. */
export function isDeleting(object: ApiObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** The link from a child to the object that controls it. */
export function ownedBy(owner: ApiObject): readonly OwnerReference[] {
  const { name, uid = '' } = owner.metadata;
  return [
    {
      apiVersion: API_VERSION,
      kind: owner.kind,
      name,
      uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ];
}
