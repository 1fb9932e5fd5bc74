import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/failure.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../core/transport.ts';
import type { Log } from '../../host/log.ts';
import { isApiError } from '../model/errors.ts';
import type { ServedResource } from '../model/resource.ts';
import type { ObjectService } from '../model/service.ts';
import { errorAnswer } from './answer.ts';
import { serverDocuments } from './documents.ts';
import { internalError } from './refusals.ts';
import { serveResource } from './resources.ts';
import { REVIEWS, reviewPath, serveReview } from './reviews.ts';
import { resourceFinder, routeOf } from './route.ts';

/** What the API is made of. */
export interface HandlerOptions {
  readonly objects: ObjectService;
  readonly resources: readonly ServedResource[];
  readonly clock: Clock;
  readonly log: Log;
  /** Version of Lamina, as `/version` tells it. */
  readonly version: string;
}

/** The path and the parameters of a request. */
export function targetOf(path: string): { readonly path: string; readonly query: URLSearchParams } {
  const mark = path.indexOf('?');
  if (mark < 0) return { path, query: new URLSearchParams() };
  return { path: path.slice(0, mark), query: new URLSearchParams(path.slice(mark + 1)) };
}

/**
 * The whole API as a transport. It trusts its caller: whoever comes over the network passes the guard
 * first. It never rejects; failures are answers.
 */
export function createHandler(options: HandlerOptions): Transport {
  const { objects, resources, clock, log, version } = options;
  const documents = serverDocuments(resources, version);
  const reviews = new Map(REVIEWS.map((review) => [reviewPath(review), review]));
  const find = resourceFinder(resources);

  async function serve(request: ApiRequest): Promise<ApiResponse> {
    const { path, query } = targetOf(request.path);
    const document = documents.get(path);
    if (document !== undefined) return document(request, query);
    const review = reviews.get(path);
    if (review !== undefined) return serveReview(review, request);
    return serveResource(routeOf(path, find), request, query, { objects, clock });
  }

  return async (request) => {
    try {
      return await serve(request);
    } catch (error) {
      if (isApiError(error)) return errorAnswer(error);
      const { path } = targetOf(request.path);
      log.error('request failed', { method: request.method, path, error: messageOf(error) });
      return errorAnswer(internalError());
    }
  };
}
