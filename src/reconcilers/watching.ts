import type { IndexSpec, WatchSource } from '../kube/controller.ts';
import { keyOfObject, resourceOf, type KubeObject } from '../kube/resource.ts';
import { inNamespace } from './indexes.ts';
import { isUsable, type ConnectorConfig } from './objects.ts';
import type { Lister, WatchOutside } from './ports.ts';

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

/** Where objects of ours are found by what they refer to. */
type Found = Pick<Lister<KubeObject>, 'by'>;

/** A change of what a ConnectorConfig says, or of whether it can be used, wakes its users. */
export function watchingConnectors(users: Found, { name: index }: IndexSpec): WatchSource {
  return watching<ConnectorConfig>({
    kind: 'ConnectorConfig',
    facet: (config) => [config.spec, isUsable(config)],
    map: ({ metadata: { namespace = '', name } }) =>
      keysOf(users.by(index, inNamespace(namespace, name))),
  });
}

/** A change outside of the API wakes the objects that have its key; returns how to stop. */
export function watchingOutside(
  watchOutside: WatchOutside,
  objects: Found,
  { name: index }: IndexSpec,
  wake: (key: string) => void,
): () => void {
  return watchOutside((key) => {
    for (const one of keysOf(objects.by(index, key))) wake(one);
  });
}
