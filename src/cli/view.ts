import { conditionOf, type ApiObject } from '../api/object.ts';

/** The parts of a status that commands show; which of them there are is up to the kind. */
interface Shown {
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

/** What commands show of an object. */
export interface ObjectView extends Shown {
  readonly kind: string;
  readonly name: string;
  readonly ready: boolean;
  readonly stalled: boolean;
  readonly reason: string;
  readonly message: string;
}

/** An object of any of our kinds, as commands read it. */
export type ShownObject = ApiObject<unknown, Shown>;

/** True when a condition holds for the spec as it is now, not for an older one. */
export function holdsNow(object: ApiObject, type: string): boolean {
  const condition = conditionOf(object, type);
  const { generation } = object.metadata;
  const seen = condition?.observedGeneration ?? object.status?.observedGeneration;
  return condition?.status === 'True' && (seen === undefined || seen === generation);
}

/** What there is to say about an object. */
export function viewOf(object: ShownObject): ObjectView {
  const ready = conditionOf(object, 'Ready');
  const deleting = object.metadata.deletionTimestamp !== undefined;
  const { action, location, progress } = object.status ?? {};
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
