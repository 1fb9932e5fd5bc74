import type { ApiObject } from '../../src/api/object.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { resourceOf } from '../../src/kube/resource.ts';

/** True for an object whose Ready condition is true for its newest spec. */
function isReady({ metadata, status }: ApiObject): boolean {
  const isCurrent = status?.observedGeneration === metadata.generation;
  return (
    isCurrent &&
    status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true
  );
}

/** Resolves when all named objects of a kind have been seen Ready; looks by watch, as a person's tools do. */
export async function allReady(
  client: KubeClient,
  kind: string,
  names: ReadonlySet<string>,
  limitMs: number,
): Promise<void> {
  const resource = resourceOf(kind);
  const signal = AbortSignal.timeout(limitMs);
  const open = new Set(names);
  const note = (object: ApiObject) => isReady(object) && open.delete(object.metadata.name);
  const { items, metadata } = await client.list(resource);
  items.forEach(note);
  if (open.size === 0) return;
  const { resourceVersion } = metadata;
  for await (const { type, object } of client.watch(resource, { resourceVersion, signal })) {
    if (type !== 'BOOKMARK') note(object);
    if (open.size === 0) return;
  }
}
