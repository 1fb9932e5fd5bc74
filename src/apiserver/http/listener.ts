import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../host/log.ts';
import type { Metrics } from '../../host/metrics.ts';
import type { KeyedCertificate } from '../certificates/certificate.ts';
import { CONNECTION_LIMITS, Connections } from './connections.ts';
import { serveExchange, type Service } from './exchange.ts';

/** Where and how to listen. */
export interface ListenOptions {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly certificate: KeyedCertificate;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics | undefined;
}

/** A listening server. */
export interface Listener {
  readonly port: number;
  /** Uses another certificate for new connections. */
  renew(certificate: KeyedCertificate): void;
  /** Ends watches and connections, and resolves when all are gone. */
  close(): Promise<void>;
}

const HEADERS_MS = 10_000;
const REQUEST_MS = 60_000;
/** Longer than clients keep idle connections, so that they close first. */
const IDLE_MS = 120_000;
const HANDSHAKE_MS = 10_000;
/** How often connections are looked at whose headers or requests come too slowly. */
const CHECK_MS = 5000;
const MAX_HEADER_BYTES = 32_768;

function serverFor({ key, certificate }: KeyedCertificate): Http2SecureServer {
  const server = createSecureServer({
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    key,
    cert: certificate,
    handshakeTimeout: HANDSHAKE_MS,
    settings: { maxConcurrentStreams: 250, maxHeaderListSize: MAX_HEADER_BYTES },
  });
  // Where these are given as options differs between versions of Node; the fields do not.
  return Object.assign(server, {
    headersTimeout: HEADERS_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: CHECK_MS,
  });
}

function listening(server: Http2SecureServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      // Only the address of a socket in the file system is a text.
      resolve(address === null || typeof address === 'string' ? port : address.port);
    });
  });
}

/** Serves on a TLS socket, in HTTP/2 or HTTP/1.1 as the client likes. */
export async function listen(service: Service, options: ListenOptions): Promise<Listener> {
  const { host, port, certificate, clock, log, metrics } = options;
  const server = serverFor(certificate);
  const closing = new AbortController();
  const connections = new Connections(CONNECTION_LIMITS, clock, metrics);
  server.on('connection', (socket: Socket) => {
    // Answers are small and sent in parts: held back for the client's acknowledgement, each takes 40 ms.
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    connections.add(socket);
  });
  server.on('session', (session) => {
    session.setTimeout(IDLE_MS, () => session.close());
    session.on('error', () => undefined);
  });
  server.on('request', (request, response) => {
    const visit = connections.visit(request.socket);
    void serveExchange({ request, response, visit, clock, log }, service, closing.signal);
  });
  const bound = await listening(server, host, port);
  return {
    port: bound,
    renew: ({ key, certificate: cert }) =>
      server.setSecureContext({ key, cert, minVersion: 'TLSv1.2' }),
    close: () =>
      new Promise((resolve) => {
        closing.abort();
        server.close(() => resolve());
        connections.close();
      }),
  };
}
