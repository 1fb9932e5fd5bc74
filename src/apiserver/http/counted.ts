import type { Clock } from '../../core/clock.ts';
import type { ApiRequest, ApiResponse } from '../../core/transport.ts';
import type { Metrics } from '../../host/metrics.ts';

/** What a request asks of which resource, in the words of the metrics of kube-apiserver. */
export interface RequestLabels {
  readonly verb: string;
  /** Plural; empty for documents and for what is not served. */
  readonly resource: string;
}

/** Counts and times one request. A watch is counted when it begins. */
export async function counted(
  serve: () => Promise<ApiResponse>,
  { verb, resource }: RequestLabels,
  { metrics, clock }: { readonly metrics: Metrics; readonly clock: Clock },
): Promise<ApiResponse> {
  const begun = clock.now();
  const answered = await serve();
  const code = String(answered.status);
  metrics.add('apiserver_request_total', 1, { verb, resource, code });
  const seconds = Math.max(0, clock.now() - begun) / 1000;
  if (verb !== 'WATCH') {
    metrics.observe('apiserver_request_duration_seconds', seconds, { verb, resource });
  }
  return answered;
}

/** The verb of a request for a collection or an object. */
export function verbOf(method: ApiRequest['method'], isCollection: boolean, isWatch: boolean) {
  if (method === 'GET' && isCollection) return isWatch ? 'WATCH' : 'LIST';
  return method === 'DELETE' && isCollection ? 'DELETECOLLECTION' : method;
}
