import { parseDuration } from '../core/quantity.ts';
import { messageOf } from '../core/failure.ts';
import { badArgument } from './print.ts';

/** No timer goes further. */
const LONGEST_MS = 2 ** 31 - 1;

/** Reads a duration within bounds. */
export function durationArgument(atLeastMs: number): (text: string) => number {
  return (text) => {
    const durationMs = durationOf(text);
    if (durationMs < atLeastMs) throw badArgument(`Give at least ${atLeastMs / 1000}s.`);
    if (durationMs > LONGEST_MS) throw badArgument('Give at most 596h.');
    return durationMs;
  };
}

function durationOf(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw badArgument(`${messageOf(error)}: write one such as 90s or 10m.`);
  }
}

/** Reads `HOST:PORT`; an IPv6 address stands in brackets. */
export function listenArgument(text: string): { readonly host: string; readonly port: number } {
  const match = /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  const host = match?.[1];
  if (host === undefined || port > 65_535) {
    throw badArgument('Give HOST:PORT, as in 127.0.0.1:6443 or [::1]:0, with a port up to 65535.');
  }
  return { host: host.replaceAll(/[[\]]/g, ''), port };
}

/** Reads the name of a namespace. */
export function namespaceArgument(text: string): string {
  if (/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw badArgument('Give a name of at most 63 lower-case letters, digits and dashes.');
}
