import { impossible } from './failure.ts';

/** The pattern that schemas use for durations. */
export const DURATION_PATTERN = '^([0-9]{1,6}(ms|s|m|h)){1,4}$';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a Go-style duration such as `10m` or `1h30m`. */
export function parseDuration(text: string): number {
  if (!new RegExp(DURATION_PATTERN).test(text)) {
    throw impossible(
      'BadDuration',
      `"${text}" is not a duration`,
      'Write a duration such as 90s or 10m.',
    );
  }
  return [...text.matchAll(/\d+(?:ms|s|m|h)/g)].reduce((sum, [part]) => {
    const unit = part.replace(/^\d+/, '');
    return sum + Number.parseInt(part, 10) * (UNITS[unit] ?? 0);
  }, 0);
}
