import type { ApiObject } from '../api/object.ts';
import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import { turnOver } from '../host/turn.ts';
import { CaughtUp } from './caught-up.ts';
import { ItemIndex } from './item-index.ts';
import { keyOfObject, type KubeObject } from './resource.ts';

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
  /**
   * Files all objects, present and future, under the values that `of` reads off them. Who asks for
   * the same name again finds it done. A value that names an object should be its key.
   */
  index(name: string, of: (item: Item) => readonly string[]): void;
  /** Objects of all namespaces under a value of an index, which must be there. */
  by(name: string, value: string): readonly Item[];
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
  /** In portions, so that a long list does not hold up everybody else. */
  replace(items: readonly Item[], version: string): Promise<void>;
  upsert(item: Item): void;
  remove(item: Item): void;
  /** Everything up to this version was delivered. */
  reached(version: string | undefined): void;
}

/** Makes an empty cache. */
export function createCache<Item extends KubeObject = ApiObject>(
  clock: Clock,
  log: Log,
): Cache<Item> & CacheFeed<Item> {
  return new ObjectCache<Item>(clock, log);
}

/** So many objects of a list are told in one turn of the event loop. */
const PORTION = 50;

/** Nobody reads managed fields, and they are half of a small object. */
function withoutManagedFields<Item extends KubeObject>(item: Item): Item {
  if (!('managedFields' in item.metadata)) return item;
  const { managedFields: _, ...metadata } = item.metadata;
  return { ...item, metadata };
}

class ObjectCache<Item extends KubeObject> implements Cache<Item>, CacheFeed<Item> {
  /** Objects of the cluster have no namespace. */
  private readonly byNamespace = new Map<string | undefined, Map<string, Item>>();
  private readonly indexes = new Map<string, ItemIndex<Item>>();
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
    return this.byNamespace.get(namespace)?.get(name);
  }

  list(namespace?: string): readonly Item[] {
    if (namespace !== undefined) return [...(this.byNamespace.get(namespace)?.values() ?? [])];
    return [...this.byNamespace.values()].flatMap((items) => [...items.values()]);
  }

  index(name: string, of: (item: Item) => readonly string[]): void {
    if (this.indexes.has(name)) return;
    const index = new ItemIndex<Item>((item) => this.valuesOf(name, of, item));
    this.indexes.set(name, index);
    for (const item of this.list()) index.add(keyOfObject(item), item);
  }

  by(name: string, value: string): readonly Item[] {
    const index = this.indexes.get(name);
    // An empty answer would look like nobody being concerned.
    if (index === undefined) throw new TypeError(`the cache has no index ${name}`);
    return index.get(value);
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

  async replace(items: readonly Item[], version: string): Promise<void> {
    const listed = new Set(items.map(keyOfObject));
    for (const item of this.list()) {
      if (!listed.has(keyOfObject(item))) this.remove(item);
    }
    const initial = !this.hasList;
    for (const [index, item] of items.entries()) {
      if (index % PORTION === 0) await turnOver();
      this.put(item, initial);
    }
    this.hasList = true;
    this.progress.restart(version);
    this.first.resolve();
  }

  upsert(item: Item): void {
    this.put(item, false);
    this.reached(item.metadata.resourceVersion);
  }

  remove(item: Item): void {
    const before = this.get(item.metadata.namespace, item.metadata.name);
    // A deletion that comes late must not take the object that has the name now.
    if (before !== undefined && before.metadata.uid === item.metadata.uid) {
      this.drop(before);
      this.tell({ before, initial: false });
    }
    this.reached(item.metadata.resourceVersion);
  }

  reached(version: string | undefined): void {
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
    const { namespace, name } = item.metadata;
    const items = this.byNamespace.get(namespace);
    if (items === undefined) this.byNamespace.set(namespace, new Map([[name, item]]));
    else items.set(name, item);
    for (const index of this.indexes.values()) index.add(keyOfObject(item), item);
  }

  private drop(item: Item): void {
    const { namespace, name } = item.metadata;
    const items = this.byNamespace.get(namespace);
    items?.delete(name);
    if (items?.size === 0) this.byNamespace.delete(namespace);
    for (const index of this.indexes.values()) index.remove(keyOfObject(item));
  }

  /** An index that cannot read an object must not keep the others from being followed. */
  private valuesOf(
    name: string,
    of: (item: Item) => readonly string[],
    item: Item,
  ): readonly string[] {
    try {
      return of(item);
    } catch (error) {
      const object = `${item.kind}/${keyOfObject(item)}`;
      this.log.error('an object was not indexed', { index: name, object, error: messageOf(error) });
      return [];
    }
  }

  private tell(change: Change<Item>): void {
    for (const handler of this.handlers) this.call(handler, change);
  }

  private call(handler: ChangeHandler<Item>, change: Change<Item>): void {
    try {
      handler(change);
    } catch (error) {
      const item = change.after ?? change.before;
      const object = item === undefined ? 'none' : `${item.kind}/${keyOfObject(item)}`;
      this.log.error('a watch handler failed', { object, error: messageOf(error) });
    }
  }
}
