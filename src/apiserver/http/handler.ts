import type { Clock } from '../../core/clock.ts';
import { isFailure, messageOf } from '../../core/failure.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../core/transport.ts';
import type { Log } from '../../host/log.ts';
import type { Metrics, MetricsPage } from '../../host/metrics.ts';
import { isApiError } from '../model/errors.ts';
import type { ServedResource } from '../model/resource.ts';
import type { ObjectService } from '../model/service.ts';
import { answer, errorAnswer } from './answer.ts';
import { counted, verbOf, type RequestLabels } from './counted.ts';
import { serverDocuments } from './documents.ts';
import { Health, isHealthPath, type HealthCheck } from './health.ts';
import { flag } from './query.ts';
import { internalError, methodNotAllowed, noSpace } from './refusals.ts';
import { serveResource } from './resources.ts';
import { REVIEWS, reviewPath, serveReview } from './reviews.ts';
import { resourceFinder, routeOf, type FindResource } from './route.ts';

/** What the API is made of. */
export interface HandlerOptions {
  readonly objects: ObjectService;
  readonly resources: readonly ServedResource[];
  readonly clock: Clock;
  readonly log: Log;
  /** Version of Lamina, as `/version` tells it. */
  readonly version: string;
  /** What `/readyz` looks at, `/livez` and `/healthz` in part. */
  readonly checks?: () => readonly HealthCheck[];
  /** Where requests are counted, and what `/metrics` shows; without it, there is no such path. */
  readonly metrics?: (Metrics & MetricsPage) | undefined;
}

/** The path, without a slash at its end, and the parameters of a request. */
export function targetOf(target: string): {
  readonly path: string;
  readonly query: URLSearchParams;
} {
  const [path = '', ...query] = target.split('?');
  return {
    path: path.replace(/(?<=.)\/$/, ''),
    query: new URLSearchParams(query.join('?')),
  };
}

/**
 * The whole API as a transport. It trusts its caller: whoever comes over the network passes the guard
 * first. It never rejects; failures are answers.
 */
export function createHandler(options: HandlerOptions): Transport {
  const { objects, resources, clock, log, version, metrics } = options;
  const documents = serverDocuments(resources, version);
  const reviews = new Map(REVIEWS.map((review) => [reviewPath(review), review]));
  const find = resourceFinder(resources);
  const health = new Health(options.checks ?? (() => []), clock, log);

  async function serve(request: ApiRequest): Promise<ApiResponse> {
    const { path, query } = targetOf(request.path);
    if (isHealthPath(path)) return health.serve(request, path, query);
    if (path === '/metrics' && metrics !== undefined) return serveMetrics(request, metrics);
    const document = documents.get(path);
    if (document !== undefined) return document(request, query);
    const review = reviews.get(path);
    if (review !== undefined) return serveReview(review, request);
    return serveResource(routeOf(path, find), request, query, { objects, clock });
  }

  const answered: Transport = async (request) => {
    try {
      return await serve(request);
    } catch (error) {
      if (isApiError(error)) return errorAnswer(error);
      if (isFailure(error) && error.code === 'NoRoom') return errorAnswer(noSpace(error));
      const { path } = targetOf(request.path);
      log.error('request failed', { method: request.method, path, error: messageOf(error) });
      return errorAnswer(internalError());
    }
  };
  if (metrics === undefined) return answered;
  return (request) => counted(() => answered(request), labelsOf(request, find), { metrics, clock });
}

function labelsOf(request: ApiRequest, find: FindResource): RequestLabels {
  const { path, query } = targetOf(request.path);
  try {
    const route = routeOf(path, find);
    const isCollection = route.to === 'collection';
    const { resource } = isCollection ? route.collection : route.key;
    const verb = verbOf(request.method, isCollection, flag(query, 'watch'));
    return { verb, resource: resource.plural };
  } catch {
    // It is refused, or no resource is asked for.
    return { verb: request.method, resource: '' };
  }
}

async function serveMetrics({ method }: ApiRequest, page: MetricsPage): Promise<ApiResponse> {
  if (method !== 'GET') throw methodNotAllowed();
  return answer(200, await page.text(), { 'content-type': page.contentType });
}
