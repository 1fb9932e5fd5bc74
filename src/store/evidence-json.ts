import type { ComposedRecord, Inspection, InspectionRecord } from '../core/evidence.ts';
import { isObject } from '../core/json.ts';

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const isText = (value: unknown): value is string => typeof value === 'string';

const isTextOrAbsent = (value: unknown): value is string | undefined =>
  value === undefined || isText(value);

/** A composition's record; undefined for anything that is not exactly that. */
export function parseComposed(value: unknown, id: string): ComposedRecord | undefined {
  if (!isObject(value) || value['id'] !== id) return undefined;
  const { sizeBytes } = value;
  return isCount(sizeBytes) ? { id, sizeBytes } : undefined;
}

function parseReasons(value: unknown): Inspection | undefined {
  if (!Array.isArray(value)) return undefined;
  const reasons = value.flatMap((one: unknown) => {
    if (!isObject(one)) return [];
    const { reason, cure } = one;
    return isText(reason) && isText(cure) ? [{ reason, cure }] : [];
  });
  return reasons.length === value.length ? { verdict: 'blocked', reasons } : undefined;
}

function parseFound(value: unknown): Inspection | undefined {
  if (!isObject(value)) return undefined;
  const { verdict, hint, step, exitCode, log, reasons } = value;
  if (verdict === 'clean') return { verdict };
  if (verdict === 'unattested') return isText(hint) ? { verdict, hint } : undefined;
  if (verdict === 'blocked') return parseReasons(reasons);
  if (verdict !== 'failed' || !isText(log)) return undefined;
  const whole = Number.isSafeInteger(step) && Number.isSafeInteger(exitCode);
  return whole ? { verdict, step: Number(step), exitCode: Number(exitCode), log } : undefined;
}

/** An inspection's record; undefined for anything that is not exactly that. */
export function parseInspection(value: unknown, key: string): InspectionRecord | undefined {
  if (!isObject(value) || value['key'] !== key) return undefined;
  const { composition, boot, attestation, at } = value;
  const found = parseFound(value['found']);
  if (found === undefined || !isText(composition) || !isCount(at)) return undefined;
  if (!isTextOrAbsent(boot) || !isTextOrAbsent(attestation)) return undefined;
  return {
    key,
    composition,
    ...(boot === undefined ? {} : { boot }),
    ...(attestation === undefined ? {} : { attestation }),
    found,
    at,
  };
}
