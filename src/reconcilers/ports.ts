import type { ApiObject } from '../api/object.ts';
import type { Connector } from '../connectors/connector.ts';
import type { LayerIndex } from '../core/layer.ts';
import type { JobPlaces, JobRunner } from '../jobs/spec.ts';
import type {
  AppLayer,
  ConnectorConfig,
  ImageTemplate,
  LayerVersion,
  LayeredImage,
  OSLayer,
  PackagingMachine,
  PlatformLayer,
} from './objects.ts';

/** Reading one kind from a cache that watches keep current. */
export interface Lister<Item> {
  get(namespace: string, name: string): Item | undefined;
  list(namespace: string): readonly Item[];
}

/** Everything that reconcilers read of the API. */
export interface Listers {
  readonly connectorConfigs: Lister<ConnectorConfig>;
  readonly osLayers: Lister<OSLayer>;
  readonly platformLayers: Lister<PlatformLayer>;
  readonly appLayers: Lister<AppLayer>;
  readonly layerVersions: Lister<LayerVersion>;
  readonly packagingMachines: Lister<PackagingMachine>;
  readonly imageTemplates: Lister<ImageTemplate>;
  readonly layeredImages: Lister<LayeredImage>;
}

/** Names one object. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Everything that reconcilers write to the API besides status. */
export interface Writer {
  /** Creates it unless it is there already. */
  ensure(object: ApiObject): Promise<void>;
  remove(ref: ObjectRef): Promise<void>;
  annotate(ref: ObjectRef, annotations: Readonly<Record<string, string>>): Promise<void>;
}

/** The folders that jobs work in, as far as controllers need to know of them. */
export interface Workplace {
  readonly places: JobPlaces;
  /** Where `import.disk.file` may point; undefined: such imports are refused. */
  readonly importRoot: string | undefined;
  hasComposed(key: string): Promise<boolean>;
  discardComposed(key: string): Promise<void>;
}

/** The connector of a ConnectorConfig; undefined while there is no such object. */
export type ConnectorFor = (namespace: string, name: string) => Connector | undefined;

/** What every reconciler may use. */
export interface Ports {
  readonly listers: Listers;
  readonly writer: Writer;
  readonly store: LayerIndex;
  readonly jobs: JobRunner;
  readonly work: Workplace;
  readonly connectorFor: ConnectorFor;
}
