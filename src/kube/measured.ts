import type { Clock } from '../core/clock.ts';
import type { Transport } from '../core/transport.ts';
import type { Metrics } from '../host/metrics.ts';

/** A transport whose requests are counted and timed; `host` says whom it leads to. */
export function measured(
  transport: Transport,
  { metrics, clock, host }: { metrics: Metrics; clock: Clock; host: string },
): Transport {
  return async (request) => {
    const { method } = request;
    const begun = clock.now();
    let code = '<error>';
    try {
      const answer = await transport(request);
      code = String(answer.status);
      return answer;
    } finally {
      const seconds = Math.max(0, clock.now() - begun) / 1000;
      metrics.add('rest_client_requests_total', 1, { code, method, host });
      metrics.observe('rest_client_request_duration_seconds', seconds, { verb: method, host });
    }
  };
}
