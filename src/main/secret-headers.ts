import { requestHeaders, type RequestHeaders } from '../host/request-headers.ts';
import type { SecretRef } from '../jobs/tools.ts';
import type { WorkerConfig } from '../jobs/worker-config.ts';
import { readCredential } from './credential.ts';
import { askApi } from './worker-api.ts';

/** Headers that a Secret holds, read by a job when it needs them. */
export async function secretHeaders(
  ref: SecretRef,
  worker: WorkerConfig,
  signal: AbortSignal,
): Promise<RequestHeaders> {
  const data = await askApi(worker, (client) => readCredential(client, ref, signal));
  return requestHeaders(data, `Secret ${ref.namespace}/${ref.secret}`);
}
