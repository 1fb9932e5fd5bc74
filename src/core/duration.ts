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
  return [...text.matchAll(/(\d+)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0),
    0,
  );
}

/** A span of time for people: `2d4h`, `3m12s`, `850ms`. */
export function formatDuration(spanMs: number): string {
  if (spanMs < 1000) return `${Math.max(0, Math.round(spanMs))}ms`;
  const seconds = Math.floor(spanMs / 1000);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count}${unit}`)
    .join('');
}
