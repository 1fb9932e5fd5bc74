import type { Clock } from '../../core/clock.ts';
import { documentOf } from '../storage/document.ts';
import { isCompacted, type Change, type Row } from '../storage/row.ts';
import type { Store } from '../storage/store.ts';
import { expired, tooNew } from '../model/errors.ts';
import { parseRevision } from './revision.ts';
import { portions } from './portion.ts';
import { filterOf, type Filter } from './selection.ts';
import type { Document } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { Collection, WatchEvent, WatchOptions } from '../model/service.ts';

const CHUNK = 500;
const BOOKMARK_MS = 60_000;
/** A last bookmark is sent this long before the stream times out. */
const BEFORE_END_MS = 2000;

/** What a watch needs of the server. */
export interface WatchContext {
  readonly store: Store;
  readonly clock: Clock;
  /** Aborted when the server closes: all streams end. */
  readonly closing: AbortSignal;
}

interface Plan {
  readonly resource: ServedResource;
  readonly filter: Filter;
  /** Everything that exists comes first. */
  readonly initial: boolean;
  /** A bookmark says when the initial events are complete. */
  readonly marksEnd: boolean;
  readonly from: number;
  readonly bookmarks: boolean;
  readonly timeoutMs: number;
}

/** What the options ask for; what cannot be is refused before the stream begins. */
function planOf(store: Store, collection: Collection, options: WatchOptions): Plan {
  const { resource } = collection;
  const { sendInitialEvents } = options;
  const filter = filterOf(collection, options);
  const asked = parseRevision(options.resourceVersion);
  const initial = sendInitialEvents ?? asked === undefined;
  if (asked !== undefined && asked > store.head) throw tooNew(asked, store.head);
  return {
    resource,
    filter,
    initial,
    marksEnd: sendInitialEvents === true && options.allowBookmarks === true,
    from: initial || asked === undefined ? store.head : asked,
    bookmarks: options.allowBookmarks === true,
    timeoutMs: options.timeoutMs ?? Infinity,
  };
}

function objectEvent(type: WatchEvent['type'], document: Document, revision: number): WatchEvent {
  return { type, json: document.json, document, resourceVersion: String(revision) };
}

/** The state before a change, under the revision of the change: how an object leaves a selection. */
function departed(before: Document, revision: number): Document {
  const { object } = before;
  return documentOf({
    ...object,
    metadata: { ...object.metadata, resourceVersion: String(revision) },
  });
}

function inScope(change: Row, { scope }: Filter): boolean {
  const { namespace, name } = scope;
  return (
    (namespace === undefined || change.namespace === namespace) &&
    (name === undefined || change.name === name)
  );
}

/** What a change means to a watcher: objects that enter or leave its selection come and go. */
function eventOf(change: Change, filter: Filter): WatchEvent | undefined {
  if (!inScope(change, filter)) return undefined;
  const { document, before, revision, deleted } = change;
  const matches = filter.matches ?? (() => true);
  const was = before !== undefined && matches(before.object);
  const is = !deleted && matches(document.object);
  if (is) return objectEvent(was ? 'MODIFIED' : 'ADDED', document, revision);
  if (!was || before === undefined) return undefined;
  return objectEvent('DELETED', deleted ? document : departed(before, revision), revision);
}

function bookmark(resource: ServedResource, revision: number, isEnd: boolean): WatchEvent {
  const resourceVersion = String(revision);
  const annotations = isEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const { apiVersion, kind } = resource;
  const object = { kind, apiVersion, metadata: { resourceVersion, ...annotations } };
  return { type: 'BOOKMARK', json: JSON.stringify(object), resourceVersion };
}

/**
 * The bell that a stream waits for: a commit, its next bookmark, or its end. Whatever rings first ends one
 * promise; a race of promises per wait would leak for as long as a watch lives.
 */
class Bell {
  private readonly context: WatchContext;
  private readonly stop = new AbortController();
  private readonly endMs: number;
  private readonly signals: readonly AbortSignal[];
  private alarmMs: number;
  private listening = false;
  private sleeping = false;
  private ring = () => {};

  constructor(context: WatchContext, plan: Plan, signal: AbortSignal | undefined) {
    this.context = context;
    this.endMs = context.clock.elapsed() + plan.timeoutMs;
    this.signals = signal === undefined ? [context.closing] : [context.closing, signal];
    for (const each of this.signals) {
      each.addEventListener('abort', () => this.ring(), { once: true, signal: this.stop.signal });
    }
    this.alarmMs = this.nextAlarm();
  }

  get isOver(): boolean {
    return (
      this.signals.some(({ aborted }) => aborted) || this.context.clock.elapsed() >= this.endMs
    );
  }

  /** True once for each bookmark that is due. */
  takeAlarm(): boolean {
    if (this.context.clock.elapsed() < this.alarmMs) return false;
    this.alarmMs = this.nextAlarm();
    return true;
  }

  private nextAlarm(): number {
    const now = this.context.clock.elapsed();
    const last = this.endMs - BEFORE_END_MS;
    return now < last ? Math.min(now + BOOKMARK_MS, last) : this.endMs;
  }

  wait(revision: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ring = resolve;
    if (this.isOver) resolve();
    if (!this.listening) void this.listen(revision);
    if (!this.sleeping) void this.sleep();
    return promise;
  }

  private async listen(revision: number): Promise<void> {
    this.listening = true;
    await this.context.store.changed(revision);
    this.listening = false;
    this.ring();
  }

  private async sleep(): Promise<void> {
    const { clock } = this.context;
    this.sleeping = true;
    const span = Math.max(0, this.alarmMs - clock.elapsed());
    await clock.sleep(span, this.stop.signal).catch(() => undefined);
    this.sleeping = false;
    this.ring();
  }

  close(): void {
    this.stop.abort();
  }
}

async function* initialEvents(store: Store, plan: Plan): AsyncGenerator<WatchEvent> {
  const { resource, filter, from, marksEnd } = plan;
  for await (const rows of portions(store, filter, { at: from })) {
    for (const { document, revision } of rows) yield objectEvent('ADDED', document, revision);
  }
  if (marksEnd) yield bookmark(resource, from, true);
}

async function* changeEvents(
  context: WatchContext,
  plan: Plan,
  bell: Bell,
): AsyncGenerator<WatchEvent> {
  const { store } = context;
  let cursor = plan.from;
  while (!bell.isOver) {
    const { changes, upTo } = store.changesAfter(cursor, plan.filter.scope.resource, CHUNK);
    for (const change of changes) {
      if (bell.isOver) return;
      const event = eventOf(change, plan.filter);
      if (event !== undefined) yield event;
    }
    cursor = upTo;
    if (bell.takeAlarm() && plan.bookmarks) yield bookmark(plan.resource, cursor, false);
    else if (cursor >= store.head) await bell.wait(cursor);
  }
}

async function* eventsOf(
  context: WatchContext,
  plan: Plan,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent> {
  const bell = new Bell(context, plan, signal);
  try {
    if (plan.initial) yield* initialEvents(context.store, plan);
    yield* changeEvents(context, plan, bell);
  } catch (error) {
    if (!isCompacted(error)) throw error;
    // The watcher did not keep up with what is kept: it must list again.
    const { status } = expired(`too old resource version: ${error.message}`);
    const resourceVersion = String(context.store.head);
    yield { type: 'ERROR', json: JSON.stringify(status), resourceVersion };
  } finally {
    bell.close();
  }
}

/**
 * Watches a collection. A stream is a cursor in the history: it holds no queue, a slow reader costs
 * nothing, and resuming is the same as going on. A watch from a revision that is too old answers with
 * an ERROR event, as upstream does once the stream is open.
 */
export function watchObjects(
  context: WatchContext,
  collection: Collection,
  options: WatchOptions,
): AsyncIterable<WatchEvent> {
  return eventsOf(context, planOf(context.store, collection, options), options.signal);
}
