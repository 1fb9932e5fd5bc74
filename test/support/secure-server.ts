import { writeFile } from 'node:fs/promises';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { keptAuthority, serverCertificate } from '../../src/apiserver/certificates/authority.ts';
import { systemClock } from '../../src/host/clock.ts';

/** A server of this host with a certificate of an authority that nobody knows yet. */
export interface SecureServer extends AsyncDisposable {
  /** Without a slash at its end. */
  readonly url: string;
  /** The authority, PEM. */
  readonly ca: string;
  /** The same as a file. */
  readonly caFile: string;
  /** RST to whoever sent a request. */
  reset(request: IncomingMessage): void;
}

/** Starts an https server; those of one folder have one authority. */
export async function secureServer(
  folder: string,
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<SecureServer> {
  const now = systemClock.now();
  const authority = await keptAuthority(join(folder, 'ca.pem'), now);
  const ca = authority.certificate;
  const caFile = join(folder, 'ca.crt');
  await writeFile(caFile, ca);
  const { key, certificate: cert } = serverCertificate(authority, ['127.0.0.1'], now);
  const server = createServer({ key, cert, ...options }, listener);
  // TLS hides the socket below, and only that one can be reset.
  const sockets = new Map<number | undefined, Socket>();
  server.on('connection', (socket: Socket) => {
    const { remotePort } = socket;
    sockets.set(remotePort, socket);
    socket.on('close', () => sockets.delete(remotePort));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ca,
    caFile,
    reset: ({ socket }) => sockets.get(socket.remotePort)?.resetAndDestroy(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
