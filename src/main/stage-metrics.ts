import { conditionOf, type ApiObject } from '../api/object.ts';
import type { Clock } from '../core/clock.ts';
import type { Metrics } from '../host/metrics.ts';
import type { Change } from '../kube/cache.ts';
import type { Caches } from '../kube/controller.ts';
import { keyOfObject, resourceOf } from '../kube/resource.ts';

interface Stage {
  readonly name: string;
  readonly since: number;
}

/** The stage of an object that is under way; undefined where it has arrived, or nobody has looked yet. */
function stageOf(object: ApiObject | undefined): string | undefined {
  const ready = object === undefined ? undefined : conditionOf(object, 'Ready');
  return ready?.status === 'True' ? undefined : ready?.reason;
}

/**
 * Times the stages of versions and images as their conditions show them. A stage that was under way
 * when we started is left out: nobody knows when it began.
 */
export function measureStages(caches: Caches, metrics: Metrics, clock: Clock): void {
  for (const kind of ['LayerVersion', 'LayeredImage']) {
    const stages = new Map<string, Stage>();
    caches.of(resourceOf(kind)).onChange(({ before, after, initial }: Change) => {
      const object = after ?? before;
      if (object === undefined) return;
      const key = keyOfObject(object);
      const name = stageOf(after);
      const known = stages.get(key);
      if (known?.name === name && after !== undefined) return;
      if (known !== undefined) {
        const seconds = (clock.elapsed() - known.since) / 1000;
        metrics.observe('lamina_stage_duration_seconds', seconds, { kind, stage: known.name });
      }
      if (name === undefined) stages.delete(key);
      else if (!initial) stages.set(key, { name, since: clock.elapsed() });
    });
  }
}
