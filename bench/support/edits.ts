import { setTimeout as delay } from 'node:timers/promises';
import type { ApiObject } from '../../src/api/object.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { resourceOf } from '../../src/kube/resource.ts';

const TOUCHED = 300;
const TOUCHED_KINDS = ['OSLayer', 'AppLayer', 'ImageTemplate', 'LayerVersion', 'LayeredImage'];

const EDITS_MS = 10_000;
const PAUSE_MS = 20;

/** A change that means nothing to anybody, as people's tools make them. */
async function touch(client: KubeClient, { kind, metadata }: ApiObject, mark: number) {
  const patch = { metadata: { annotations: { 'example.com/seen': `${mark}` } } };
  await client.mergePatch(resourceOf(kind), metadata, patch);
}

/** So many of some objects, evenly from all of them, and again from the start if there are fewer. */
function spread<Item>(items: readonly Item[], count: number): readonly Item[] {
  const step = Math.max(1, Math.floor(items.length / count));
  return Array.from({ length: count }, (_, i) => items[(i * step) % items.length]).filter(
    (item) => item !== undefined,
  );
}

async function samples(client: KubeClient, kind: string): Promise<readonly ApiObject[]> {
  return spread((await client.list(resourceOf(kind))).items, TOUCHED).map((item) => ({
    ...item,
    kind,
  }));
}

/** Touches objects of each kind, one after the other: each is looked at, and nothing is to be done. */
export async function touchAll(client: KubeClient): Promise<void> {
  for (const kind of TOUCHED_KINDS) {
    for (const [mark, object] of (await samples(client, kind)).entries()) {
      await touch(client, object, mark);
      await delay(2);
    }
  }
}

/** Gives objects of people other names for display, at a steady pace. How many edits that were. */
export async function steadyEdits(client: KubeClient): Promise<number> {
  const kinds = ['AppLayer', 'ImageTemplate', 'OSLayer'];
  const all = await Promise.all(kinds.map((kind) => samples(client, kind)));
  const end = performance.now() + EDITS_MS;
  let edits = 0;
  while (performance.now() < end) {
    const objects = all[edits % all.length] ?? [];
    const { kind, metadata } = objects[edits % objects.length] ?? {
      kind: '',
      metadata: { name: '' },
    };
    await client.mergePatch(resourceOf(kind), metadata, { spec: { displayName: `edit ${edits}` } });
    edits += 1;
    await delay(PAUSE_MS);
  }
  return edits;
}
