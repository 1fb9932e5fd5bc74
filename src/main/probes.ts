import { createServer, type ServerResponse } from 'node:http';
import { Health, isHealthPath, type HealthCheck } from '../apiserver/http/health.ts';
import { targetOf } from '../apiserver/http/handler.ts';
import { systemClock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import type { MetricsPage } from '../host/metrics.ts';

/** What probes and Prometheus ask. */
export interface ProbesOptions {
  readonly listen: { readonly host: string; readonly port: number };
  /** The list may grow. */
  readonly checks: readonly HealthCheck[];
  readonly metrics: MetricsPage;
  readonly log: Log;
}

/** Serves health and metrics over http, as probes of a cluster ask for them. No secret is in either. */
export async function serveProbes(
  { listen, checks, metrics, log }: ProbesOptions,
  started: AsyncDisposableStack,
): Promise<void> {
  const health = new Health(() => checks, systemClock, log);
  const answer = async (url: string, response: ServerResponse) => {
    const { path, query } = targetOf(url);
    if (path === '/metrics') {
      return response.setHeader('content-type', metrics.contentType).end(await metrics.text());
    }
    if (!isHealthPath(path)) return response.writeHead(404).end();
    const { status, headers, body } = await health.serve(
      { method: 'GET', path: url, headers: {} },
      path,
      query,
    );
    response.writeHead(status, headers);
    for await (const part of body) response.write(part);
    return response.end();
  };
  const server = createServer(({ method, url = '' }, response) => {
    if (method !== 'GET') return void response.writeHead(405).end();
    answer(url, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  started.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const at = address === null || typeof address === 'string' ? listen : address;
  log.info('health and metrics are served', { host: listen.host, port: at.port });
}
