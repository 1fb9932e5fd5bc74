import type { ApiResponse, Transport } from '../../core/transport.ts';
import { errorAnswer } from './answer.ts';
import { targetOf } from './handler.ts';
import { flag } from './query.ts';
import { tooManyRequests } from './refusals.ts';

/** How much is served at the same time. */
export interface Limits {
  readonly requests: number;
  readonly watches: number;
}

/** Enough for a few hundred clients, far from what would exhaust memory. */
export const NETWORK_LIMITS: Limits = { requests: 256, watches: 1024 };

async function* releasing(
  body: AsyncIterable<Uint8Array>,
  release: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } finally {
    release();
  }
}

/**
 * Answers 429 to whatever goes beyond the limits. A request counts until its answer was sent, so the
 * caller must read each body to its end or close it.
 */
export function limited(handler: Transport, limits: Limits): Transport {
  const running = { requests: 0, watches: 0 };
  return async (request): Promise<ApiResponse> => {
    const { query } = targetOf(request.path);
    const kind = request.method === 'GET' && flag(query, 'watch') ? 'watches' : 'requests';
    if (running[kind] >= limits[kind]) return errorAnswer(tooManyRequests());
    running[kind] += 1;
    const release = () => {
      running[kind] -= 1;
    };
    try {
      const response = await handler(request);
      return { ...response, body: releasing(response.body, release) };
    } catch (error) {
      release();
      throw error;
    }
  };
}
