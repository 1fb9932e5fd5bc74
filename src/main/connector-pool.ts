import type { Connector } from '../connectors/connector.ts';
import { messageOf } from '../core/failure.ts';
import { jsonEqual } from '../core/json.ts';
import type { Log } from '../host/log.ts';
import type { Cache } from '../kube/cache.ts';
import { keyOf, keyOfObject } from '../kube/resource.ts';
import type { ConnectorConfig } from '../reconcilers/objects.ts';
import type { ConnectorFor } from '../reconcilers/ports.ts';

interface Open {
  readonly spec: ConnectorConfig['spec'];
  readonly connector: Connector;
  readonly unwatch: () => void;
}

/** The connectors of all ConnectorConfigs, opened when they appear. */
export interface ConnectorPool {
  readonly connectorFor: ConnectorFor;
  /** Calls back with the key of each machine whose state may have changed, on any platform. */
  watch(changed: (key: string) => void): () => void;
  close(): Promise<void>;
}

/** Keeps one open connector per ConnectorConfig; a changed spec replaces it. */
export function connectorPool(
  configs: Cache<ConnectorConfig>,
  open: (config: ConnectorConfig) => Connector,
  log: Log,
): ConnectorPool {
  const all = new Map<string, Open>();
  const watchers = new Set<(key: string) => void>();
  const tell = (key: string) => {
    for (const watcher of watchers) watcher(key);
  };
  const drop = async (key: string) => {
    const entry = all.get(key);
    all.delete(key);
    entry?.unwatch();
    await entry?.connector.close();
  };
  const dropSoon = (key: string) => {
    drop(key).catch((error: unknown) => {
      log.warn('a connector was not closed in order', { key, error: messageOf(error) });
    });
  };
  const take = (config: ConnectorConfig): Connector => {
    const key = keyOfObject(config);
    const entry = all.get(key);
    if (entry !== undefined && jsonEqual(entry.spec, config.spec)) return entry.connector;
    // Its machines go on by themselves; the new one finds them by their keys.
    if (entry !== undefined) dropSoon(key);
    const connector = open(config);
    all.set(key, { spec: config.spec, connector, unwatch: connector.watch(tell) });
    return connector;
  };
  const release = configs.onChange(({ before, after }) => {
    if (after === undefined && before !== undefined) dropSoon(keyOfObject(before));
  });
  return {
    connectorFor: (namespace, name) => {
      const config = configs.get(namespace, name);
      return config === undefined ? all.get(keyOf(namespace, name))?.connector : take(config);
    },
    watch: (changed) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    close: async () => {
      release();
      await Promise.all([...all.keys()].map(drop));
    },
  };
}
