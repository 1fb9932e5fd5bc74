import type { ApiObject } from '../api/object.ts';
import { Failure, isFailure } from '../core/failure.ts';
import type { KubeClient } from '../kube/client.ts';
import type { Caches } from '../kube/controller.ts';
import { resourceOf } from '../kube/resource.ts';
import { ownerOf } from '../reconcilers/objects.ts';
import type { Writer } from '../reconcilers/ports.ts';

/** Writes children. The client tells the caches what they must show before the next look. */
export function apiWriter(client: KubeClient, caches: Caches): Writer {
  return {
    ensure: async (object) => {
      try {
        await client.create(resourceOf(object.kind), object);
      } catch (error) {
        if (!isFailure(error) || error.code !== 'AlreadyExists') throw error;
        await checkOwner(client, object);
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

/** An object of somebody else, or of one who was deleted, is not ours because it has our name. */
async function checkOwner(client: KubeClient, object: ApiObject): Promise<void> {
  const { kind, metadata } = object;
  const found = await client.get(resourceOf(kind), metadata.namespace, metadata.name);
  if (found === undefined || ownerOf(found) === ownerOf(object)) return;
  const message = `${kind}/${metadata.name} exists and belongs to another object; it is waited for until it is gone. Delete it, if nobody does.`;
  throw new Failure({ consequence: 'Busy', code: 'NameTaken', message });
}
