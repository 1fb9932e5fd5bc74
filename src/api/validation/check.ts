import { isObject } from '../../core/json.ts';
import { memo } from '../../core/memo.ts';
import { openApiSchema } from '../crd.ts';
import { API_VERSION, type KindDefinition } from '../kind.ts';
import { invalid, required, wrongType, type FieldError } from './field-error.ts';
import { walk, walkFields, type Findings } from './walk.ts';

export type { FieldError } from './field-error.ts';

/** What a check found. */
export interface Checked {
  /** A copy without unknown fields and with defaults; `metadata` is the candidate's own. */
  readonly object: Record<string, unknown>;
  /** Paths of fields that the schema does not know, as `spec.foo`; they are gone from `object`. */
  readonly unknown: readonly string[];
  readonly errors: readonly FieldError[];
}

const schemaOf = memo(openApiSchema);

/** Errors after which Kubernetes does not look at the rules any more. */
const BLOCKING: ReadonlySet<string> = new Set([
  'FieldValueRequired',
  'FieldValueTypeInvalid',
  'FieldValueNotSupported',
  'FieldValueTooLong',
  'FieldValueTooMany',
]);

/** Whether the rules of a kind are not looked at because of these errors. */
export function isBlocked(errors: readonly { readonly type: string }[]): boolean {
  return errors.some(({ type }) => BLOCKING.has(type));
}

function ruleErrors(definition: KindDefinition, self: unknown, old: unknown): FieldError[] {
  return definition.rules
    .filter((rule) => !rule.holds(old === undefined ? { self } : { self, old }))
    .map(({ at, message }) => ({
      field: at,
      type: 'FieldValueInvalid' as const,
      message: `Invalid value: ${message}`,
    }));
}

function identityErrors(
  definition: KindDefinition,
  candidate: Readonly<Record<string, unknown>>,
): FieldError[] {
  const wanted = { apiVersion: API_VERSION, kind: definition.kind };
  return Object.entries(wanted).flatMap(([field, value]) => {
    const given = candidate[field];
    if (given === undefined || given === null) return [required(field)];
    return typeof given === 'string' && given !== value
      ? [invalid(field, given, `must be ${value}`)]
      : [];
  });
}

/** What was stored, without fields that this release does not know: rules never see those. */
function storedForm(definition: KindDefinition, { unknown }: Findings, old: unknown): unknown {
  if (unknown.length === 0 || !isObject(old)) return old;
  const { metadata, ...rest } = old;
  const pruned = walk(rest, schemaOf(definition), '', { unknown: [], errors: [] });
  return isObject(pruned) ? { ...pruned, metadata } : old;
}

/** How an object is judged. */
export interface CheckOptions {
  /** The stored object, on updates. */
  readonly old?: unknown;
  /** What is wrong elsewhere keeps the rules of the kind from being looked at. */
  readonly withoutRules?: boolean;
  /** Nulls are wrong, and not dropped. */
  readonly keepsNulls?: boolean;
}

/**
 * Judges an object as a kube-apiserver with our CRD would: prunes unknown fields, drops nulls, fills in
 * defaults, validates against the schema and, if the shape is right, against the rules of the kind.
 * `old` is the stored object on updates. Whatever stands in `metadata` is the API server's business.
 */
export function checkObject(
  definition: KindDefinition,
  candidate: unknown,
  options: CheckOptions = {},
): Checked {
  if (!isObject(candidate)) {
    return { object: {}, unknown: [], errors: [wrongType('<nil>', candidate, 'object')] };
  }
  const { metadata, ...rest } = candidate;
  const errors = identityErrors(definition, candidate);
  const { keepsNulls = false } = options;
  const found: Findings = { unknown: [], errors, keepsNulls };
  const body = walkFields(rest, schemaOf(definition), '', found);
  if (metadata !== undefined && metadata !== null && !isObject(metadata)) {
    found.errors.push(wrongType('metadata', metadata, 'object'));
  }
  const object = isObject(metadata) ? { ...body, metadata } : body;
  if (options.withoutRules !== true && !isBlocked(found.errors)) {
    found.errors.push(
      ...ruleErrors(definition, object, storedForm(definition, found, options.old)),
    );
  }
  return { object, unknown: found.unknown, errors: found.errors };
}
