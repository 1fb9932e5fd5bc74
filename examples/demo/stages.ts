import { setTimeout as delay } from 'node:timers/promises';
import { conditionOf, type ApiObject } from '../../src/api/object.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import { holds, stageOf } from '../../src/reconcilers/objects.ts';

/** Where the view writes to. */
export type Say = (line: string) => void;

const WATCHED = ['LayerVersion', 'LayeredImage'] as const;
const POLL_MS = 200;

/** Shows each change of stage of versions and images, until the signal. */
export async function showStages(client: KubeClient, say: Say, signal: AbortSignal): Promise<void> {
  const shown = new Map<string, string>();
  const began = performance.now();
  while (!signal.aborted) {
    for (const object of await everything(client)) {
      const name = `${object.kind}/${object.metadata.name}`;
      const text = `${stageOf(object)}${percent(object)}`;
      if (shown.get(name) === text) continue;
      shown.set(name, text);
      const seconds = ((performance.now() - began) / 1000).toFixed(1).padStart(6);
      say(`${seconds}s  ${name.padEnd(42)} ${text}`);
    }
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function everything(client: KubeClient): Promise<readonly ApiObject[]> {
  try {
    const lists = await Promise.all(WATCHED.map((kind) => client.list(resourceOf(kind))));
    return lists.flatMap(({ items }) => items);
  } catch {
    // The system may be restarting; the next look will tell.
    return [];
  }
}

function percent(object: ApiObject): string {
  const { progress } = (object.status ?? {}) as { progress?: { percent: number } };
  return progress === undefined || progress.percent === 0 ? '' : ` ${progress.percent} %`;
}

/** Waits until a template is Ready for its newest spec; throws what a stalled one says. */
export async function published(
  client: KubeClient,
  name: string,
  options: {
    readonly revision?: string;
    readonly notRevision?: string;
    readonly timeoutMs: number;
  },
): Promise<{ readonly revision: string; readonly image: string }> {
  const until = performance.now() + options.timeoutMs;
  for (;;) {
    const template = await client.get(resourceOf('ImageTemplate'), 'default', name);
    const found = template === undefined ? undefined : current(template);
    if (found !== undefined && accepts(options, found.revision)) return found;
    if (holds(template, 'Stalled') && template !== undefined && isCurrent(template)) {
      throw new Error(conditionOf(template, 'Stalled')?.message);
    }
    if (performance.now() > until) {
      throw new Error(
        `not published in time: ${conditionOf(template, 'Ready')?.message ?? 'no status'}`,
      );
    }
    await delay(POLL_MS);
  }
}

function accepts(
  { revision, notRevision }: { readonly revision?: string; readonly notRevision?: string },
  found: string,
): boolean {
  return (revision === undefined || revision === found) && found !== notRevision;
}

function isCurrent(template: ApiObject): boolean {
  return template.status?.observedGeneration === template.metadata.generation;
}

function current(template: ApiObject): { revision: string; image: string } | undefined {
  if (!holds(template, 'Ready') || !isCurrent(template)) return undefined;
  const status = template.status as { targets?: readonly { revision?: string; image?: string }[] };
  const { revision, image } = status.targets?.[0] ?? {};
  return revision === undefined || image === undefined ? undefined : { revision, image };
}
