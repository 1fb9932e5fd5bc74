import type { WatchSource } from '../kube/controller.ts';
import { keyOfObject, resourceOf, type KubeObject } from '../kube/resource.ts';
import { isUsable, type ConnectorConfig } from './objects.ts';

/** Objects of another kind whose changes wake objects of ours. */
export function watching<Item extends KubeObject>(source: {
  readonly kind: string;
  /** Keys that a changed object concerns. */
  readonly map: (item: Item) => readonly string[];
  /** What of a change matters; all of it if left out. */
  readonly facet?: (item: Item) => unknown;
}): WatchSource {
  const { kind, map, facet } = source;
  return {
    resource: resourceOf(kind),
    map,
    ...(facet === undefined ? {} : { facet }),
  };
}

/** The keys of objects in queues. */
export function keysOf(objects: readonly KubeObject[]): readonly string[] {
  return objects.map(keyOfObject);
}

/** What users of a ConnectorConfig wait for: what it says, and whether it can be used. */
export function connectorFacet(config: ConnectorConfig): unknown {
  return [config.spec, isUsable(config)];
}
