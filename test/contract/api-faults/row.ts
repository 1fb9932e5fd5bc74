import { statusOf, type Exchange } from '../../support/exchange.ts';
import type { Fault } from '../../support/fault-proxy.ts';
import type { Costs } from './mirror.ts';
import type { Stage } from './stage.ts';

/** What can be hurt: requests on their way, the watch that is open, time. */
export type Scene = Pick<Stage, 'proxy' | 'watch' | 'clock' | 'expireToken' | 'handOutToken'>;

/** One way to be hurt. */
export interface Row<Where extends Scene = Stage> {
  readonly why: string;
  /** While the watch is open and all is quiet, before objects are changed, created and deleted. */
  readonly strike?: (stage: Where) => void | Promise<void>;
  /** After that. */
  readonly after?: (stage: Where) => void | Promise<void>;
  /** What recovery may cost, and must. */
  readonly costs: Partial<Costs>;
  /** The longest pause that a server asked for. */
  readonly pauseMs?: number;
  /** What callers are told of writes that failed. */
  readonly refusals?: readonly string[];
}

/** After so much silence a watch is given up. */
export const SILENCE_MS = 130_000;

/* What recovery costs: nothing, a watch more, a list more, after an expiry, after silence. */
export const NOTHING: Costs = { restarts: 1, relists: 1, gone: 0, stalls: 0 };
export const AGAIN: Costs = { ...NOTHING, restarts: 2 };
export const LISTED: Costs = { ...AGAIN, relists: 2 };
export const EXPIRED: Costs = { ...LISTED, gone: 1 };
export const STALLED: Costs = { ...AGAIN, stalls: 1 };

/** An answer with a Status. */
export const answer =
  (status: number, reason?: string, headers: Readonly<Record<string, string>> = {}): Fault =>
  (exchange) =>
    exchange.answer(status, statusOf(status, reason), headers);

/** RST. */
export const reset: Fault = (exchange) => exchange.reset();

/** Faults in a row, so many times. */
export const times = (count: number, ...faults: readonly Fault[]) =>
  Array<readonly Fault[]>(count).fill(faults).flat();

/** An ERROR event on the watch. */
export const error =
  (code: number, reason?: string, more?: object) =>
  ({ watch }: Scene) =>
    watch.event('ERROR', statusOf(code, reason, more));

/** A byte at a time. */
export function drip(exchange: Exchange, bytes: Uint8Array): void {
  for (const byte of bytes) exchange.bytes(Uint8Array.of(byte));
}
