import type { ApiObject } from '../api/object.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import { CaughtUp } from './caught-up.ts';
import { keyOf, type KubeObject } from './resource.ts';

/** What happened to one object. A name that was taken over by a new object is two changes. */
export interface Change<Item extends KubeObject = ApiObject> {
  readonly before?: Item;
  readonly after?: Item;
  /** True for objects that were there when the handler began to listen. */
  readonly initial: boolean;
}

/** Hears of changes in their order. What it throws is logged and hurts nobody else. */
type ChangeHandler<Item extends KubeObject = ApiObject> = (change: Change<Item>) => void;

/** Objects of one resource as last seen. What it returns must not be changed. */
export interface Cache<Item extends KubeObject = ApiObject> {
  get(namespace: string | undefined, name: string): Item | undefined;
  /** In all namespaces if none is given. */
  list(namespace?: string): readonly Item[];
  /** Objects with an owner reference to this UID. */
  ownedBy(uid: string): readonly Item[];
  /** Resolves after the first list. */
  synced(): Promise<void>;
  readonly isSynced: boolean;
  /** Listens; objects that are there already come first, as initial. Returns the way to stop. */
  onChange(handler: ChangeHandler<Item>): () => void;
  /** Says that we wrote this version: until it was seen, the cache shows the past. */
  expect(version: string | undefined): void;
  /** Resolves with true as soon as all expected versions were seen, with false after 5 s. */
  caughtUp(signal?: AbortSignal): Promise<boolean>;
}

/** The side of a cache that the reflector feeds. */
export interface CacheFeed<Item extends KubeObject = ApiObject> {
  /** Takes a complete list; what is missing in it was deleted. */
  replace(items: readonly Item[], version: string): void;
  upsert(item: Item): void;
  remove(item: Item): void;
  /** Everything up to this version was delivered. */
  reached(version: string): void;
}

/** Makes an empty cache. */
export function createCache<Item extends KubeObject = ApiObject>(
  clock: Clock,
  log: Log,
): Cache<Item> & CacheFeed<Item> {
  return new ObjectCache<Item>(clock, log);
}

/** Nobody reads managed fields, and they are half of a small object. */
function withoutManagedFields<Item extends KubeObject>(item: Item): Item {
  if (!('managedFields' in item.metadata)) return item;
  const { managedFields: _, ...metadata } = item.metadata;
  return { ...item, metadata };
}

class ObjectCache<Item extends KubeObject> implements Cache<Item>, CacheFeed<Item> {
  private readonly byNamespace = new Map<string, Map<string, Item>>();
  private readonly byOwner = new Map<string, Map<string, Item>>();
  private readonly handlers = new Set<ChangeHandler<Item>>();
  private readonly first = Promise.withResolvers<void>();
  private readonly progress: CaughtUp;
  private readonly log: Log;
  private hasList = false;

  constructor(clock: Clock, log: Log) {
    this.progress = new CaughtUp(clock);
    this.log = log;
  }

  get isSynced(): boolean {
    return this.hasList;
  }

  synced(): Promise<void> {
    return this.first.promise;
  }

  get(namespace: string | undefined, name: string): Item | undefined {
    return this.byNamespace.get(namespace ?? '')?.get(name);
  }

  list(namespace?: string): readonly Item[] {
    if (namespace !== undefined) return [...(this.byNamespace.get(namespace)?.values() ?? [])];
    return [...this.byNamespace.values()].flatMap((items) => [...items.values()]);
  }

  ownedBy(uid: string): readonly Item[] {
    return [...(this.byOwner.get(uid)?.values() ?? [])];
  }

  onChange(handler: ChangeHandler<Item>): () => void {
    this.handlers.add(handler);
    for (const after of this.list()) this.call(handler, { after, initial: true });
    return () => this.handlers.delete(handler);
  }

  expect(version: string | undefined): void {
    this.progress.expect(version);
  }

  caughtUp(signal?: AbortSignal): Promise<boolean> {
    return this.progress.wait(signal);
  }

  replace(items: readonly Item[], version: string): void {
    const listed = new Set(items.map(({ metadata }) => keyOf(metadata.namespace, metadata.name)));
    for (const item of this.list()) {
      if (!listed.has(keyOf(item.metadata.namespace, item.metadata.name))) this.remove(item);
    }
    for (const item of items) this.put(item, !this.hasList);
    this.hasList = true;
    this.progress.restart(version);
    this.first.resolve();
  }

  upsert(item: Item): void {
    this.put(item, false);
    this.reached(item.metadata.resourceVersion ?? '');
  }

  remove(item: Item): void {
    const before = this.get(item.metadata.namespace, item.metadata.name);
    // A deletion that comes late must not take the object that has the name now.
    if (before !== undefined && before.metadata.uid === item.metadata.uid) {
      this.drop(before);
      this.tell({ before, initial: false });
    }
    this.reached(item.metadata.resourceVersion ?? '');
  }

  reached(version: string): void {
    this.progress.reached(version);
  }

  private put(item: Item, initial: boolean): void {
    const after = withoutManagedFields(item);
    const before = this.get(after.metadata.namespace, after.metadata.name);
    if (before !== undefined) {
      if (before.metadata.resourceVersion === after.metadata.resourceVersion) return;
      this.drop(before);
    }
    this.keep(after);
    if (before === undefined) return this.tell({ after, initial });
    if (before.metadata.uid === after.metadata.uid) {
      return this.tell({ before, after, initial: false });
    }
    this.tell({ before, initial: false });
    this.tell({ after, initial: false });
  }

  private keep(item: Item): void {
    const { namespace = '', name, ownerReferences = [] } = item.metadata;
    entry(this.byNamespace, namespace).set(name, item);
    for (const { uid } of ownerReferences) {
      entry(this.byOwner, uid).set(keyOf(namespace, name), item);
    }
  }

  private drop(item: Item): void {
    const { namespace = '', name, ownerReferences = [] } = item.metadata;
    discard(this.byNamespace, namespace, name);
    for (const { uid } of ownerReferences) discard(this.byOwner, uid, keyOf(namespace, name));
  }

  private tell(change: Change<Item>): void {
    for (const handler of this.handlers) this.call(handler, change);
  }

  private call(handler: ChangeHandler<Item>, change: Change<Item>): void {
    try {
      handler(change);
    } catch (error) {
      const { kind = '', metadata } = change.after ?? change.before ?? {};
      const object = `${kind}/${keyOf(metadata?.namespace, metadata?.name ?? '')}`;
      this.log.error('a watch handler failed', { object, error: messageOf(error) });
    }
  }
}

type Index<Item> = Map<string, Map<string, Item>>;

function entry<Item>(index: Index<Item>, key: string): Map<string, Item> {
  const found = index.get(key);
  if (found !== undefined) return found;
  const made = new Map<string, Item>();
  index.set(key, made);
  return made;
}

function discard<Item>(index: Index<Item>, key: string, item: string): void {
  const items = index.get(key);
  items?.delete(item);
  if (items?.size === 0) index.delete(key);
}
