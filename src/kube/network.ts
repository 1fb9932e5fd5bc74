import { Pool } from 'undici';
import type { ApiRequest, ApiResponse, Transport } from '../core/transport.ts';

/** Where an API server is and who we are to it. */
export interface ServerAddress {
  /** `https://host:port`, perhaps with a path before `/api`. */
  readonly server: string;
  /** Authorities that the server's certificate must come from, PEM; the system's if left out. */
  readonly ca?: string;
  /** The name that the server's certificate must be for, if it is another than that of `server`. */
  readonly serverName?: string;
  /** True if whoever wrote the kubeconfig gave up knowing who answers. */
  readonly trustsAnybody?: boolean;
  readonly token?: string;
  /** Client certificate and its key, PEM. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** A transport that holds connections until it is closed. */
export interface NetworkTransport {
  readonly send: Transport;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const HEADERS_TIMEOUT_MS = 60_000;
const BODY_TIMEOUT_MS = 60_000;
const REQUEST_CONNECTIONS = 16;

function pool(address: ServerAddress, limits: { bodyTimeout: number; connections: number | null }) {
  const { ca, certificate, serverName, trustsAnybody } = address;
  return new Pool(new URL(address.server).origin, {
    ...limits,
    headersTimeout: HEADERS_TIMEOUT_MS,
    allowH2: false,
    connect: {
      timeout: CONNECT_TIMEOUT_MS,
      ...(ca === undefined ? {} : { ca }),
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(trustsAnybody === true ? { rejectUnauthorized: false } : {}),
      ...certificate,
    },
  });
}

function plainHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value] as const],
  );
  return Object.fromEntries(entries);
}

/**
 * Requests over the network. Watches have a pool of their own, so that they never stand in the way
 * of requests, and no time limit on silence: the reflector has a better one, that bookmarks feed.
 */
export function networkTransport(address: ServerAddress): NetworkTransport {
  const requests = pool(address, {
    bodyTimeout: BODY_TIMEOUT_MS,
    connections: REQUEST_CONNECTIONS,
  });
  const watches = pool(address, { bodyTimeout: 0, connections: null });
  const prefix = new URL(address.server).pathname.replace(/\/$/, '');
  const identity: Record<string, string> =
    address.token === undefined ? {} : { authorization: `Bearer ${address.token}` };

  const send = async (request: ApiRequest): Promise<ApiResponse> => {
    const { method, path, headers, body, signal } = request;
    const isWatch = /[?&]watch=(true|1)(&|$)/.test(path);
    const answer = await (isWatch ? watches : requests).request({
      method,
      path: prefix + path,
      headers: { ...headers, ...identity },
      body: body ?? null,
      ...(signal === undefined ? {} : { signal }),
    });
    return { status: answer.statusCode, headers: plainHeaders(answer.headers), body: answer.body };
  };
  return {
    send,
    close: async () => {
      await Promise.all([requests.destroy(), watches.destroy()]);
    },
  };
}
