import type { Connector, Credential, Session } from '../connectors/connector.ts';
import { digestOf } from '../core/digest.ts';
import { messageOf } from '../core/failure.ts';
import { jsonEqual } from '../core/json.ts';
import type { Log } from '../host/log.ts';
import type { Cache } from '../kube/cache.ts';
import type { KubeClient } from '../kube/client.ts';
import { keyOf, keyOfObject } from '../kube/resource.ts';
import { namespaceOf, type ConnectorConfig } from '../reconcilers/objects.ts';
import type { Connection, Connections } from '../reconcilers/ports.ts';
import { readCredential } from './credential.ts';
import { connectorPlace, type ConnectorPlace, type PlatformOf } from './platforms.ts';

/** What connections are made from. */
export interface ConnectionOptions {
  readonly configs: Cache<ConnectorConfig>;
  readonly client: KubeClient;
  readonly platformOf: PlatformOf;
  readonly log: Log;
}

/** The connections of all ConnectorConfigs, and what is heard on them. */
export interface ConnectionPool extends Connections {
  /** Calls back with the key of whatever may have changed, on any platform. */
  watch(changed: (key: string) => void): () => void;
  /** A job changed something under a key: no platform's picture of it is fresh. */
  touched(key: string): void;
  close(): Promise<void>;
}

interface SharedSession {
  readonly id: string;
  readonly session: Session<unknown>;
  readonly users: Set<string>;
}

interface Open extends Connection {
  readonly spec: unknown;
  readonly shared: SharedSession;
  readonly unwatch: () => void;
}

/**
 * Opens one session for each location and credential, however many ConnectorConfigs lead there. Opening,
 * closing and editing touch no machine: machines are found again by their keys.
 */
export function connectionPool(options: ConnectionOptions): ConnectionPool {
  return new Pool(options);
}

class Pool implements ConnectionPool {
  private readonly options: ConnectionOptions;
  private readonly open = new Map<string, Open>();
  private readonly sessions = new Map<string, SharedSession>();
  private readonly opening = new Map<string, Promise<Open | undefined>>();
  private readonly watchers = new Set<(key: string) => void>();
  private readonly release: () => void;

  constructor(options: ConnectionOptions) {
    this.options = options;
    this.release = options.configs.onChange(({ before, after }) => {
      if (after === undefined && before !== undefined) this.dropSoon(keyOfObject(before));
    });
  }

  async connect(namespace: string, name: string): Promise<Connection | undefined> {
    const config = this.options.configs.get(namespace, name);
    if (config === undefined) return undefined;
    const found = this.open.get(keyOfObject(config));
    const place = connectorPlace(config, this.options.platformOf);
    return found !== undefined && isSame(found, place) ? found : this.refresh(namespace, name);
  }

  /** One at a time for each configuration, so that nothing is opened twice. */
  refresh(namespace: string, name: string): Promise<Connection | undefined> {
    const key = keyOf(namespace, name);
    const before = this.opening.get(key);
    if (before !== undefined) return before;
    const work = this.take(namespace, name).finally(() => this.opening.delete(key));
    this.opening.set(key, work);
    return work;
  }

  watch(changed: (key: string) => void): () => void {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  }

  touched(key: string): void {
    const told = new Set<SharedSession>();
    for (const { connector, shared } of this.open.values()) {
      if (!told.has(shared)) connector.touched(key);
      told.add(shared);
    }
  }

  async close(): Promise<void> {
    this.release();
    this.watchers.clear();
    await Promise.all([...this.open.keys()].map((key) => this.drop(key)));
  }

  private async take(namespace: string, name: string): Promise<Open | undefined> {
    const config = this.options.configs.get(namespace, name);
    if (config === undefined) return undefined;
    const key = keyOfObject(config);
    const place = connectorPlace(config, this.options.platformOf);
    const credential = await this.credentialOf(config, place);
    // Whoever deleted it meanwhile was told: nobody would close what is opened now.
    if (this.options.configs.get(namespace, name) === undefined) return undefined;
    const id = digestOf({ location: place.location, credential });
    const found = this.open.get(key);
    if (found !== undefined && isSame(found, place) && found.shared.id === id) return found;
    const opened = this.openNew(key, place, { id, credential });
    // The old one goes last, so that a session that both use stays open.
    if (found !== undefined) this.letGoSoon(key, found, opened.shared);
    return opened;
  }

  private openNew(
    key: string,
    place: ConnectorPlace,
    { id, credential }: { readonly id: string; readonly credential: Credential },
  ): Open {
    const { platform, spec, location } = place;
    const shared = this.sessions.get(id) ?? {
      id,
      session: platform.open({ spec, credential }),
      users: new Set<string>(),
    };
    this.sessions.set(id, shared);
    shared.users.add(key);
    const connector: Connector = shared.session.connector(spec);
    const unwatch = connector.watch((changed) => {
      for (const watcher of this.watchers) watcher(changed);
    });
    const opened = { spec, connector, location, shared, unwatch };
    this.open.set(key, opened);
    return opened;
  }

  private async credentialOf(config: ConnectorConfig, { secret }: ConnectorPlace) {
    if (secret === undefined) return {};
    const namespace = namespaceOf(config);
    return readCredential(this.options.client, {
      namespace,
      secret,
      neededBy: `ConnectorConfig/${config.metadata.name}`,
    });
  }

  private async drop(key: string): Promise<void> {
    const entry = this.open.get(key);
    this.open.delete(key);
    if (entry !== undefined) await this.letGo(key, entry, undefined);
  }

  private dropSoon(key: string): void {
    this.drop(key).catch((error: unknown) => this.complain(key, error));
  }

  private letGoSoon(key: string, entry: Open, successor: SharedSession): void {
    this.letGo(key, entry, successor).catch((error: unknown) => this.complain(key, error));
  }

  private complain(key: string, error: unknown): void {
    this.options.log.warn('a connector was not closed in order', { key, error: messageOf(error) });
  }

  private async letGo(
    key: string,
    { shared, unwatch }: Open,
    successor: SharedSession | undefined,
  ): Promise<void> {
    unwatch();
    if (shared === successor) return;
    shared.users.delete(key);
    if (shared.users.size > 0) return;
    this.sessions.delete(shared.id);
    await shared.session.close();
  }
}

function isSame({ spec, location }: Open, place: ConnectorPlace): boolean {
  return location === place.location && jsonEqual(spec, place.spec);
}
