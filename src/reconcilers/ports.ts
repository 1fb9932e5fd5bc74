import type { ApiObject } from '../api/object.ts';
import type { Connector } from '../connectors/connector.ts';
import type { Digest } from '../core/digest.ts';
import type { LayerIndex } from '../core/layer.ts';
import type { JobRunner } from '../jobs/spec.ts';
import type { Admission } from './admission.ts';
import type {
  AppLayer,
  ChildKind,
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
  /** Items by a named index of the cache; their number, not that of all objects, is the cost. */
  by(index: string, value: string): readonly Item[];
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

/** Names one object that controllers made. */
export interface ObjectRef {
  readonly kind: ChildKind;
  readonly namespace: string;
  readonly name: string;
}

/** Everything that reconcilers write to the API besides status. */
export interface Writer {
  /** Creates it unless it is there already. */
  ensure(object: ApiObject & { readonly kind: ChildKind }): Promise<void>;
  remove(ref: ObjectRef): Promise<void>;
  annotate(
    ref: ObjectRef & { readonly kind: 'LayerVersion' },
    annotations: Readonly<Record<string, string>>,
  ): Promise<void>;
}

/** The connector of a ConnectorConfig, and the digest of where it leads. */
export interface Connection {
  readonly connector: Connector;
  readonly location: Digest;
}

/** The connectors of all ConnectorConfigs. Opening one costs nothing once it is open. */
export interface Connections {
  /** Undefined while there is no such ConnectorConfig; fails if its Secret cannot be read. */
  connect(namespace: string, name: string): Promise<Connection | undefined>;
  /** The same, after reading the Secret again. */
  refresh(namespace: string, name: string): Promise<Connection | undefined>;
}

/** Calls back with the external key of whatever changed outside of the API; returns how to stop. */
export type WatchOutside = (changed: (key: string) => void) => () => void;

/** What every reconciler may use. */
export interface Ports {
  readonly listers: Listers;
  readonly writer: Writer;
  readonly store: LayerIndex;
  readonly jobs: JobRunner;
  readonly connections: Connections;
  readonly admission: Admission;
  readonly watchOutside: WatchOutside;
  /** Whether `import.disk.file` is allowed at all. */
  readonly importsFiles: boolean;
}
