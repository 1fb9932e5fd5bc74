import type { Clock } from '../../../src/core/clock.ts';
import { jsonEqual } from '../../../src/core/json.ts';
import { silentLog } from '../../../src/host/log.ts';
import { noMetrics, type CounterName, type Metrics } from '../../../src/host/metrics.ts';
import { createCache, type Cache, type Change } from '../../../src/kube/cache.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { startReflector } from '../../../src/kube/reflector.ts';
import {
  CONFIGMAPS,
  compareVersions,
  keyOfObject,
  type KubeObject,
} from '../../../src/kube/resource.ts';

/** A config map with one text. */
export interface TextMap extends KubeObject {
  readonly data?: { readonly text: string };
}

/** What recovery cost. */
export interface Costs {
  readonly relists: number;
  readonly restarts: number;
  readonly gone: number;
  readonly stalls: number;
}

const INDEX = 'text';

function textOf(map: TextMap): string {
  return map.data?.text ?? '';
}

type Shown = Readonly<Record<string, TextMap>>;

/** Objects as they can be compared: nobody follows managed fields. */
function shown(maps: readonly TextMap[]): Shown {
  const entries = maps.map((map) => {
    const { managedFields: _, ...metadata } = { managedFields: [], ...map.metadata };
    return [keyOfObject(map), { ...map, metadata }] as const;
  });
  return Object.fromEntries(entries);
}

function unlike(where: string, has: Shown, wanted: Shown): readonly string[] {
  const keys = [...new Set([...Object.keys(has), ...Object.keys(wanted)])];
  const version = (map: TextMap | undefined) => map?.metadata.resourceVersion ?? 'nothing';
  return keys
    .filter((key) => !jsonEqual(has[key], wanted[key]))
    .map((key) => `${where}: ${key} is ${version(has[key])}, not ${version(wanted[key])}`);
}

/** A cache that follows a server, one who listens to all its changes, and what was counted. */
export class Mirror {
  readonly cache: Cache<TextMap>;
  /** Objects of which who listens heard something older than before. */
  readonly backwards: string[] = [];
  private readonly newest = new Map<string, string | undefined>();
  private readonly texts = new Set<string>();
  private readonly heard = new Map<string, TextMap>();
  private readonly counts = new Map<CounterName, number>();
  private readonly reflector: { stop(): Promise<void> };

  constructor(client: KubeClient, clock: Clock, place: { readonly namespace?: string }) {
    const cache = createCache<TextMap>(clock, silentLog);
    cache.index(INDEX, (map) => [textOf(map)]);
    cache.onChange((change) => this.hear(change));
    this.cache = cache;
    const metrics: Metrics = {
      ...noMetrics,
      add: (name, by) => this.counts.set(name, (this.counts.get(name) ?? 0) + by),
    };
    const random = () => 0.5;
    const common = { clock, random, log: silentLog, metrics };
    this.reflector = startReflector({ ...place, client, resource: CONFIGMAPS, cache, ...common });
  }

  get costs(): Costs {
    const count = (name: CounterName) => this.counts.get(name) ?? 0;
    return {
      relists: count('watch_relists_total'),
      restarts: count('watch_restarts_total'),
      gone: count('watch_gone_total'),
      stalls: count('watch_stalls_total'),
    };
  }

  /** Where cache, index or listener show something else than these objects. */
  differences(maps: readonly TextMap[]): readonly string[] {
    const wanted = shown(maps);
    const indexed = [...this.texts].flatMap((text) => this.cache.by(INDEX, text));
    return [
      ...unlike('cache', shown(this.cache.list()), wanted),
      ...unlike('index', shown(indexed), wanted),
      ...unlike('listener', shown([...this.heard.values()]), wanted),
    ];
  }

  stop(): Promise<void> {
    return this.reflector.stop();
  }

  private hear({ before, after }: Change<TextMap>): void {
    const changed = after ?? before;
    if (changed === undefined) return;
    const key = keyOfObject(changed);
    if (after === undefined) {
      this.heard.delete(key);
      return;
    }
    this.age(key, after);
    this.heard.set(key, after);
    this.texts.add(textOf(after));
  }

  /** Whoever was told of a version, or of the end of an object, must not hear of one before it. */
  private age(key: string, { metadata: { uid = '', resourceVersion } }: TextMap): void {
    const newest = this.newest.get(uid);
    if ((compareVersions(newest, resourceVersion) ?? -1) >= 0) {
      this.backwards.push(`${key} went from ${newest} to ${resourceVersion}`);
    }
    this.newest.set(uid, resourceVersion);
  }
}
