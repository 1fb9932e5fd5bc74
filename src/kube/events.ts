import { timestamp, type Clock } from '../core/clock.ts';
import { digestOf, hash8 } from '../core/digest.ts';
import { isFailure, messageOf } from '../core/failure.ts';
import type { Log } from '../host/log.ts';
import type { KubeClient } from './client.ts';
import { EventBudget } from './event-budget.ts';
import { EVENTS, keyOfObject, type KubeObject } from './resource.ts';

/** Longest message that the API takes in an event. */
const MAX_MESSAGE = 1024;

/** What is told about an object. */
export interface EventNote {
  /** Warning where a person is needed or something failed. */
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Writes events: best effort, never in the way of the work that they tell of. */
export interface EventRecorder {
  record(object: KubeObject, note: EventNote): void;
  /** Resolves when everything recorded so far was written or given up. */
  flush(): Promise<void>;
}

/** What a recorder needs. */
export interface RecorderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Log;
  /** Who speaks, as `lamina`. */
  readonly component: string;
}

interface StoredEvent extends KubeObject {
  readonly count?: number;
}

/** Makes a recorder. Events that say the same are one event with a count, even after a restart. */
export function eventRecorder(options: RecorderOptions): EventRecorder {
  const { clock, log } = options;
  const budget = new EventBudget(clock);
  let tail: Promise<void> = Promise.resolve();
  return {
    record: (object, note) => {
      const { uid = '' } = object.metadata;
      if (!budget.take(uid)) return;
      const event = eventOf(object, note, options);
      // One after the other, so that they can be counted and never flood the server.
      tail = tail
        .then(() => write(options.client, event))
        .catch((error: unknown) => {
          const about = `${object.kind}/${keyOfObject(object)}`;
          log.warn('an event was not written', { object: about, error: messageOf(error) });
        });
    },
    flush: () => tail,
  };
}

function eventOf(object: KubeObject, note: EventNote, { clock, component }: RecorderOptions) {
  const { name, namespace = 'default', uid, resourceVersion } = object.metadata;
  const message = note.message.slice(0, MAX_MESSAGE);
  const now = timestamp(clock.now());
  const suffix = hash8(digestOf({ uid, kind: object.kind, ...note, message }));
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 240)}.${suffix}`, namespace },
    involvedObject: {
      apiVersion: object.apiVersion,
      kind: object.kind,
      name,
      namespace: object.metadata.namespace,
      uid,
      resourceVersion,
    },
    type: note.type,
    reason: note.reason,
    message,
    source: { component },
    reportingComponent: component,
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  };
}

async function write(client: KubeClient, event: ReturnType<typeof eventOf>): Promise<void> {
  try {
    await client.create(EVENTS, event);
  } catch (error) {
    if (!isFailure(error) || error.code !== 'AlreadyExists') throw error;
    const { namespace, name } = event.metadata;
    const stored = await client.get<StoredEvent>(EVENTS, namespace, name);
    const patch = { count: (stored?.count ?? 0) + 1, lastTimestamp: event.lastTimestamp };
    await client.mergePatch(EVENTS, { namespace, name }, patch);
  }
}
