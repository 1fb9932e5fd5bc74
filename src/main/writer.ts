import { isFailure } from '../core/failure.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Caches } from '../kube/controller.ts';
import { resourceOf } from '../kube/resource.ts';
import type { Writer } from '../reconcilers/ports.ts';

/** Writes children. The client tells the caches what they must show before the next look. */
export function apiWriter(client: KubeClient, caches: Caches): Writer {
  return {
    ensure: async (object) => {
      try {
        await client.create(resourceOf(object.kind), object);
      } catch (error) {
        if (!isFailure(error) || error.code !== 'AlreadyExists') throw error;
      }
    },
    remove: async (ref) => {
      const resource = resourceOf(ref.kind);
      const uid = caches.of(resource).get(ref.namespace, ref.name)?.metadata.uid;
      await client.remove(resource, ref, uid === undefined ? {} : { uid });
    },
    annotate: async (ref, annotations) => {
      await client.mergePatch(resourceOf(ref.kind), ref, { metadata: { annotations } });
    },
  };
}
