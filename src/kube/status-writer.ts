import type { ApiObject, CommonStatus, Condition } from '../api/object.ts';
import type { Clock } from '../core/clock.ts';
import { isFailure } from '../core/failure.ts';
import { isNotFound, type KubeClient } from './client.ts';
import type { EventNote, EventRecorder } from './events.ts';
import { mergePatchOf } from './merge-patch.ts';
import type { Resource } from './resource.ts';
import { nextStatus, type Outcome } from './status.ts';

/** What a status writer needs. */
export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly resource: Resource;
  /** Condition types of the kind itself. */
  readonly owned: ReadonlySet<string>;
  readonly events: EventRecorder;
  readonly clock: Clock;
}

/** The only one who writes the status of its kind. */
export interface StatusWriter<Spec, Status> {
  /**
   * Writes what a pass came to, if it says anything new. Returns the object as it is then, or
   * undefined if it is gone. A conflict means that the pass saw an old object.
   */
  write<Step>(
    object: ApiObject<Spec, Status>,
    outcome: Outcome<Step, Status>,
  ): Promise<ApiObject<Spec, Status> | undefined>;
  /** Makes the handle of a long operation durable. */
  saveHandle(
    object: ApiObject<Spec, Status>,
    handle: string,
  ): Promise<ApiObject<Spec, Status> | undefined>;
}

/** Makes the status writer of one kind. */
export function statusWriter<Spec, Status>(
  options: StatusWriterOptions,
): StatusWriter<Spec, Status> {
  const { client, resource, owned, clock } = options;
  const patch = async (object: ApiObject<Spec, Status>, body: unknown) => {
    const { namespace, name } = object.metadata;
    try {
      return await client.mergePatch<ApiObject<Spec, Status>>(resource, { namespace, name }, body, {
        subresource: 'status',
      });
    } catch (error) {
      if (isFailure(error) && isNotFound(error)) return undefined;
      throw error;
    }
  };
  return {
    write: async (object, outcome) => {
      const status = nextStatus({ object, outcome, owned, nowMs: clock.now() });
      const changed = mergePatchOf(object.status ?? {}, status);
      if (changed === undefined) return object;
      const { resourceVersion } = object.metadata;
      const written = await patch(object, { metadata: { resourceVersion }, status: changed });
      const note = noteOf(object.status, status);
      if (written !== undefined && note !== undefined) options.events.record(written, note);
      return written;
    },
    // Without a version: only we write it, and an edit in the same instant must not lose it.
    saveHandle: async (object, handle) => {
      if (object.status?.handle === handle) return object;
      return patch(object, { metadata: { uid: object.metadata.uid }, status: { handle } });
    },
  };
}

function find(status: CommonStatus | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/**
 * What people should hear of: a new reason of Ready, or a person being needed. An object that is
 * Ready at first sight is not worth a write.
 */
function noteOf(before: CommonStatus | undefined, after: CommonStatus): EventNote | undefined {
  const action = find(after, 'ActionRequired');
  if (action !== undefined && find(before, 'ActionRequired')?.reason !== action.reason) {
    return { type: 'Warning', reason: action.reason, message: action.message };
  }
  const was = find(before, 'Ready');
  const is = find(after, 'Ready');
  if (is === undefined || was?.reason === is.reason) return undefined;
  if (was === undefined && is.status === 'True') return undefined;
  const isTrouble =
    find(after, 'Stalled') !== undefined ||
    find(after, 'Reconciling')?.reason === 'ProgressingWithRetry';
  return { type: isTrouble ? 'Warning' : 'Normal', reason: is.reason, message: is.message };
}
