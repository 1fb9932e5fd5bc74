import { noMetrics, type Metrics } from '../../host/metrics.ts';
import type { RequestHead } from './exchange.ts';
import { targetOf } from './handler.ts';
import { flag } from './query.ts';
import { tooManyRequests } from './refusals.ts';

/** How much is served at the same time; none can use up the place of another. */
export interface Limits {
  /** Without the token: health alone. */
  readonly strangers: number;
  readonly requests: number;
  readonly watches: number;
}

/** Enough for a few hundred clients, far from what would exhaust memory. */
export const NETWORK_LIMITS: Limits = { strangers: 64, requests: 256, watches: 1024 };

function kindOf({ method, path }: RequestHead, isHolder: boolean): keyof Limits {
  if (!isHolder) return 'strangers';
  return method === 'GET' && flag(targetOf(path).query, 'watch') ? 'watches' : 'requests';
}

/**
 * Counts what is being served. Throws 429 for whatever goes beyond the limits; else returns what gives
 * the place back.
 */
export function limiter(
  limits: Limits,
  metrics: Metrics = noMetrics,
): (head: RequestHead, isHolder: boolean) => () => void {
  const running = { strangers: 0, requests: 0, watches: 0 };
  for (const kind of ['strangers', 'requests', 'watches'] as const) {
    metrics.gauge('lamina_api_inflight_requests', { kind }, () => running[kind]);
  }
  return (head, isHolder) => {
    const kind = kindOf(head, isHolder);
    if (running[kind] >= limits[kind]) throw tooManyRequests();
    running[kind] += 1;
    return () => {
      running[kind] -= 1;
    };
  };
}
