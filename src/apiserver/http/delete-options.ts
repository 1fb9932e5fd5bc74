import { invalid, notSupported, type FieldError } from '../../api/validation/field-error.ts';
import { isObject } from '../../core/json.ts';
import { badRequest } from '../model/errors.ts';
import type { DeleteOptions, PropagationPolicy } from '../model/service.ts';
import { flag, whole, type Query } from './query.ts';
import { invalidOptions } from './refusals.ts';

const POLICIES: readonly PropagationPolicy[] = ['Foreground', 'Background', 'Orphan'];

type Fields = Readonly<Record<string, unknown>>;

/** A field of a type; what is no field of Go's is a 400 there as well. */
function field<Value>(
  fields: Fields,
  name: string,
  { is, type }: { is: (value: unknown) => value is Value; type: string },
): Value | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!is(value)) throw badRequest(`${name} in DeleteOptions must be a ${type}`);
  return value;
}

const TEXT = { is: (value: unknown) => typeof value === 'string', type: 'string' };
const FLAG = { is: (value: unknown) => typeof value === 'boolean', type: 'boolean' };
const WHOLE = {
  is: (value: unknown): value is number => Number.isSafeInteger(value),
  type: 'whole number',
};
const MAP = { is: isObject, type: 'map' };
const TEXTS = {
  is: (value: unknown): value is readonly string[] =>
    Array.isArray(value) && value.every((each) => typeof each === 'string'),
  type: 'list of strings',
};

/** What the options say, before they are judged. */
function sentOptions(query: Query, body: Fields) {
  const { kind } = body;
  if (kind !== undefined && kind !== 'DeleteOptions') {
    throw badRequest('the body of a delete must be DeleteOptions');
  }
  whole(query, 'gracePeriodSeconds');
  field(body, 'gracePeriodSeconds', WHOLE);
  const preconditions = field(body, 'preconditions', MAP) ?? {};
  const inQuery = query.has('orphanDependents') ? flag(query, 'orphanDependents') : undefined;
  return {
    policy: field(body, 'propagationPolicy', TEXT) ?? (query.get('propagationPolicy') || undefined),
    orphan: field(body, 'orphanDependents', FLAG) ?? inQuery,
    dryRun: [...query.getAll('dryRun'), ...(field(body, 'dryRun', TEXTS) ?? [])],
    preconditions: {
      uid: field(preconditions, 'uid', TEXT),
      resourceVersion: field(preconditions, 'resourceVersion', TEXT),
    },
  };
}

/** The options of a delete: from the body where it has them, else from the query. */
export function deleteOptionsOf(query: Query, body: Fields): DeleteOptions {
  const { policy, orphan, dryRun, preconditions } = sentOptions(query, body);
  const errors: FieldError[] = [];
  if (orphan !== undefined && policy !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(invalid('propagationPolicy', policy, why));
  }
  const named = orphan === true ? 'Orphan' : policy;
  const propagationPolicy = POLICIES.find((each) => each === named);
  if (named !== undefined && propagationPolicy === undefined) {
    errors.push(notSupported('propagationPolicy', named, [...POLICIES, 'nil']));
  }
  if (dryRun.some((word) => word !== 'All')) errors.push(notSupported('dryRun', dryRun, ['All']));
  if (errors.length > 0) throw invalidOptions('DeleteOptions', errors);
  return { dryRun: dryRun.length > 0, propagationPolicy, preconditions };
}
