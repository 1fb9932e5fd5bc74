import type { ApiObject } from '../api/object.ts';
import { Failure } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import { abortableStream } from './abortable.ts';
import { linesOf } from './lines.ts';
import type { KubeObject } from './resource.ts';
import { statusFailure } from './status-failure.ts';

/** Longest event that is read; etcd takes no object beyond 1.5 MiB. */
const MAX_EVENT_BYTES = 10_000_000;

/** One change, or the mark that everything up to a version was sent. */
export interface WatchEvent<Item extends KubeObject = ApiObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  readonly object: Item;
}

const TYPES: ReadonlySet<unknown> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

function broken(asked: string, why: string): Failure {
  return new Failure({ consequence: 'Lost', code: 'BadEvent', message: `${asked}: ${why}` });
}

function parseEvent<Item extends KubeObject>(line: string, asked: string): WatchEvent<Item> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    throw broken(asked, 'an event is no JSON');
  }
  const { type, object } = isObject(event) ? event : {};
  if (type === 'ERROR') {
    const code = isObject(object) && typeof object['code'] === 'number' ? object['code'] : 500;
    throw statusFailure({ status: code, body: object, asked });
  }
  if (!TYPES.has(type) || !isObject(object) || !isObject(object['metadata'])) {
    throw broken(asked, 'an event has no known type or no object');
  }
  return event as WatchEvent<Item>;
}

/** The events of a watch stream. `ERROR` events are thrown as the failures that they are. */
export async function* watchEvents<Item extends KubeObject>(
  body: AsyncIterable<Uint8Array>,
  asked: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<WatchEvent<Item>, void, undefined> {
  for await (const line of linesOf(abortableStream(body, signal), MAX_EVENT_BYTES)) {
    yield parseEvent<Item>(line, asked);
  }
}
