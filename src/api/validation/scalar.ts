import { invalid, notSupported, tooLong, wrongType, type FieldError } from './field-error.ts';
import type { SchemaNode } from './schema-node.ts';

const patterns = new Map<string, RegExp>();

/** Patterns come from our own schemas only, so the cache is as small as they are. */
function compiled(pattern: string): RegExp {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const fresh = new RegExp(pattern, 'u');
  patterns.set(pattern, fresh);
  return fresh;
}

const DATE_TIME =
  /^(\d{4})-(\d{2})-(\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** True for an instant after RFC 3339, on a day that exists. */
function isDateTime(text: string): boolean {
  const match = DATE_TIME.exec(text);
  const [year, month, day] = (match ?? []).slice(1, 4).map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  return month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

/** Characters as Kubernetes counts them: code points, not UTF-16 units. */
function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

function isTooLong(text: string, maxLength: number): boolean {
  if (text.length <= maxLength) return false;
  // A code point has at most two units: beyond twice the bound there is no need to count.
  return text.length > 2 * maxLength || characters(text) > maxLength;
}

function textErrors(text: string, schema: SchemaNode, path: string): readonly FieldError[] {
  const { pattern, format, minLength, maxLength } = schema;
  // The pattern never sees text above the bound, whatever it costs.
  if (maxLength !== undefined && isTooLong(text, maxLength)) return [tooLong(path, maxLength)];
  const errors: FieldError[] = [];
  if (minLength !== undefined && characters(text) < minLength) {
    errors.push(invalid(path, text, `${path} in body should be at least ${minLength} chars long`));
  }
  if (pattern !== undefined && !compiled(pattern).test(text)) {
    errors.push(invalid(path, text, `${path} in body should match '${pattern}'`));
  }
  if (format === 'date-time' && !isDateTime(text)) {
    errors.push(wrongType(path, text, format, text));
  }
  return errors;
}

function numberErrors(value: number, schema: SchemaNode, path: string): readonly FieldError[] {
  const { minimum, maximum } = schema;
  const errors: FieldError[] = [];
  if (minimum !== undefined && value < minimum) {
    const detail = `${path} in body should be greater than or equal to ${minimum}`;
    errors.push(invalid(path, value, detail));
  }
  if (maximum !== undefined && value > maximum) {
    const detail = `${path} in body should be less than or equal to ${maximum}`;
    errors.push(invalid(path, value, detail));
  }
  return errors;
}

function isOfType(value: unknown, type: SchemaNode['type']): boolean {
  // Beyond 2^53 the number is no longer the one that was written: refuse it rather than damage it.
  if (type === 'integer') return Number.isSafeInteger(value);
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value);
  return typeof value === type;
}

/** What is wrong with a value that is neither an object nor a list. */
export function scalarErrors(
  value: unknown,
  schema: SchemaNode,
  path: string,
): readonly FieldError[] {
  if (!isOfType(value, schema.type)) {
    const other = wrongType(path, value, schema.type);
    // Kubernetes looks at the few words too, whatever the type.
    const words = schema.enum;
    return words === undefined ? [other] : [notSupported(path, value, words), other];
  }
  const errors: readonly FieldError[] =
    typeof value === 'string'
      ? textErrors(value, schema, path)
      : typeof value === 'number'
        ? numberErrors(value, schema, path)
        : [];
  if (schema.enum === undefined || schema.enum.includes(value)) return errors;
  return [...errors, notSupported(path, value, schema.enum)];
}
