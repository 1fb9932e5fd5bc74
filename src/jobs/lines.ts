import { isFailure, type FailureData } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import type { JobLine } from './spec.ts';

const MOST_TEXT = 2000;

function text(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MOST_TEXT) : '';
}

function failureOf(value: unknown): FailureData | undefined {
  if (!isFailure(value)) return undefined;
  const { consequence, code, message, hint, retryAfterMs } = value;
  return {
    consequence,
    code: text(code),
    message: text(message),
    ...(hint === undefined ? {} : { hint: text(hint) }),
    ...(typeof retryAfterMs === 'number' && retryAfterMs >= 0 ? { retryAfterMs } : {}),
  };
}

function percentOf(value: unknown): number {
  return typeof value === 'number' && value >= 0 && value <= 100 ? Math.floor(value / 10) * 10 : 0;
}

/** One line of a job's output; undefined for anything that is none, such as a library's chatter. */
export function parseLine(line: string): JobLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { type, step, percent, failure } = value;
  if (type === 'progress') {
    return { type, step: text(step).slice(0, 256), percent: percentOf(percent) };
  }
  if (type === 'done') return { type };
  const data = type === 'failure' ? failureOf(failure) : undefined;
  return data === undefined ? undefined : { type: 'failure', failure: data };
}

/** Passes progress on when the step or the tenth of it changes, and not otherwise. */
export function inTens(
  report: (step: string, percent: number) => void,
): (step: string, percent: number) => void {
  let last = '';
  return (step, percent) => {
    const tens = Math.min(100, Math.max(0, Math.floor(percent / 10) * 10));
    const now = `${step}\n${tens}`;
    if (now !== last) report(step, tens);
    last = now;
  };
}
