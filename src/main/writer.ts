import type { ApiObject } from '../api/object.ts';
import { isFailure } from '../core/failure.ts';
import type { Cache } from '../kube/cache.ts';
import type { KubeClient } from '../kube/client.ts';
import { resourceOf, type Resource } from '../kube/resource.ts';
import type { ObjectRef, Writer } from '../reconcilers/ports.ts';

/** The cache in which a write of ours must show before anybody decides again. */
export type CacheOf = (resource: Resource) => Cache;

/**
 * Writes children. Each write is followed by a wait until the cache has seen it, so that the next look
 * at the world does not show the past and nothing is written twice.
 */
export function apiWriter(client: KubeClient, cacheOf: CacheOf): Writer {
  const seen = async (resource: Resource, version: string | undefined) => {
    const cache = cacheOf(resource);
    cache.expect(version);
    await cache.caughtUp();
  };
  return {
    ensure: async (object) => {
      const resource = resourceOf(object.kind);
      try {
        const created = await client.create(resource, object);
        await seen(resource, created.metadata.resourceVersion);
      } catch (error) {
        if (!isFailure(error) || error.code !== 'AlreadyExists') throw error;
      }
    },
    remove: async (ref) => {
      const resource = resourceOf(ref.kind);
      const before = cacheOf(resource).get(ref.namespace, ref.name);
      if (before === undefined) return;
      const { uid } = before.metadata;
      await client.remove(resource, ref, uid === undefined ? {} : { uid });
      await seen(resource, await versionAfterRemoval(client, resource, ref));
    },
    annotate: async (ref, annotations) => {
      const resource = resourceOf(ref.kind);
      const patched = await client.mergePatch(resource, ref, { metadata: { annotations } });
      await seen(resource, patched.metadata.resourceVersion);
    },
  };
}

/** A finalizer may hold the object: then its mark of deletion is what the cache must show. */
async function versionAfterRemoval(
  client: KubeClient,
  resource: Resource,
  { namespace, name }: ObjectRef,
): Promise<string | undefined> {
  const left: ApiObject | undefined = await client.get(resource, namespace, name);
  return left?.metadata.resourceVersion;
}
