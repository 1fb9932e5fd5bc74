import { withoutSecrets } from '../../core/text.ts';

/** Why a field is refused, in the words that Kubernetes puts into `status.details.causes`. */
export type FieldErrorType =
  | 'FieldValueRequired'
  | 'FieldValueInvalid'
  | 'FieldValueTypeInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden';

/** One refused field, with the message that a kube-apiserver would give. */
export interface FieldError {
  /** Path below the object, as `spec.versions[0].name`. */
  readonly field: string;
  readonly type: FieldErrorType;
  readonly message: string;
}

/** The name that Kubernetes gives to the type of a JSON value. */
function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** A field that is missing. */
export function required(field: string, why?: string): FieldError {
  const message = why === undefined ? 'Required value' : `Required value: ${why}`;
  return { field, type: 'FieldValueRequired', message };
}

/** A field that may not be there, or not change. */
export function forbiddenField(field: string, why: string): FieldError {
  return { field, type: 'FieldValueForbidden', message: `Forbidden: ${why}` };
}

/** A value with something wrong about it that has no name of its own. */
export function invalid(field: string, value: unknown, detail: string): FieldError {
  // Whoever wrote a password into an address finds it in no log: this text travels further than the object.
  const message = `Invalid value: ${withoutSecrets(JSON.stringify(value))}: ${detail}`;
  return { field, type: 'FieldValueInvalid', message };
}

/** A value of another type or format than the schema's. */
export function wrongType(
  field: string,
  value: unknown,
  wanted: string,
  shown: unknown = typeName(value),
): FieldError {
  const text = JSON.stringify(shown);
  const message = `Invalid value: ${text}: ${field} in body must be of type ${wanted}: ${text}`;
  return { field, type: 'FieldValueTypeInvalid', message };
}

/** A word that is not one of the few. */
export function notSupported(
  field: string,
  value: unknown,
  supported: readonly unknown[],
): FieldError {
  const words = supported.map((word) => JSON.stringify(word)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${words}`;
  return { field, type: 'FieldValueNotSupported', message };
}

/** Text above its bound. */
export function tooLong(field: string, maxLength: number): FieldError {
  const message = `Too long: may not be more than ${maxLength} bytes`;
  return { field, type: 'FieldValueTooLong', message };
}

/** A list or map above its bound. */
export function tooMany(field: string, count: number, maxCount: number): FieldError {
  const message = `Too many: ${count}: must have at most ${maxCount} item${maxCount === 1 ? '' : 's'}`;
  return { field, type: 'FieldValueTooMany', message };
}

/** Two items of a list under one key. */
export function duplicate(field: string, key: unknown): FieldError {
  const message = `Duplicate value: ${JSON.stringify(key)}`;
  return { field, type: 'FieldValueDuplicate', message };
}
