import type { ApiObject, Condition } from './object.ts';

/** A condition of an object by its type. */
export function conditionOf(object: ApiObject | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}
