import { conditionOf } from '../api/conditions.ts';
import type { ApiObject } from '../api/object.ts';
import { isObject } from '../core/json.ts';

/** The parts of a status that commands show. */
export interface ObjectView {
  readonly kind: string;
  readonly name: string;
  readonly ready: boolean;
  readonly stalled: boolean;
  readonly reason: string;
  readonly message: string;
  readonly action?: {
    readonly gate: string;
    readonly token?: string;
    readonly text: string;
    readonly machine?: string;
    readonly url?: string;
  };
  readonly location?: { readonly text: string; readonly path?: string };
  readonly progress?: { readonly step: string; readonly percent: number };
}

/** True when a condition holds for the spec as it is now, not for an older one. */
export function holdsNow(object: ApiObject, type: string): boolean {
  const condition = conditionOf(object, type);
  const { generation } = object.metadata;
  const seen = condition?.observedGeneration ?? object.status?.observedGeneration;
  return condition?.status === 'True' && (seen === undefined || seen === generation);
}

function part(object: ApiObject, name: string): Record<string, unknown> | undefined {
  const status: unknown = object.status;
  const value = isObject(status) ? status[name] : undefined;
  return isObject(value) ? value : undefined;
}

/** What there is to say about an object. */
export function viewOf(object: ApiObject): ObjectView {
  const ready = conditionOf(object, 'Ready');
  const deleting = object.metadata.deletionTimestamp !== undefined;
  const action = part(object, 'action') as ObjectView['action'];
  const location = part(object, 'location') as ObjectView['location'];
  const progress = part(object, 'progress') as ObjectView['progress'];
  return {
    kind: object.kind,
    name: object.metadata.name,
    ready: holdsNow(object, 'Ready'),
    stalled: holdsNow(object, 'Stalled'),
    reason: deleting ? 'Deleting' : (ready?.reason ?? 'Unknown'),
    message: ready?.message ?? 'no controller has looked at it yet',
    ...(action === undefined ? {} : { action }),
    ...(location === undefined ? {} : { location }),
    ...(progress === undefined ? {} : { progress }),
  };
}
