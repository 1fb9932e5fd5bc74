import { impossible } from './failure.ts';

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

/** The pattern that schemas use for sizes. */
export const QUANTITY_PATTERN = '^[1-9][0-9]{0,11}(k|M|G|T|Ki|Mi|Gi|Ti)?$';

/** Bytes of a size as Kubernetes writes it, such as `512Mi`. */
export function parseQuantity(text: string): number {
  const unit = text.replace(/^[0-9]+/, '');
  const bytes = Number.parseInt(text, 10) * (BYTES[unit] ?? Number.NaN);
  if (!new RegExp(QUANTITY_PATTERN).test(text) || !Number.isSafeInteger(bytes)) {
    throw impossible(
      'BadQuantity',
      `"${text}" is not a size`,
      'Write a size such as 512Mi or 10Gi.',
    );
  }
  return bytes;
}

/** A size for people: binary units, one decimal at most. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const text = value >= 10 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
  return `${text} ${units[unit] ?? 'B'}`;
}

/** The pattern that schemas use for durations. */
export const DURATION_PATTERN = '^([0-9]{1,6}(ms|s|m|h)){1,4}$';

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

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
    return sum + Number.parseInt(part, 10) * (MILLISECONDS[unit] ?? 0);
  }, 0);
}
