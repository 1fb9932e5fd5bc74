import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import { noMetrics, type Metrics } from '../../host/metrics.ts';

/** How many connections stand at the same time. */
export interface ConnectionLimits {
  /** Of those that have not shown the token: in their handshake, without a request, or refused. */
  readonly strangers: number;
  /** Of those that have. */
  readonly holders: number;
}

/**
 * Those without the token are counted apart, so that they cannot use up the connections of those with it.
 * The limit of holders is what is served at the same time, and as many connections again that idle.
 */
export const CONNECTION_LIMITS: ConnectionLimits = { strangers: 512, holders: 2560 };

/** From the first packet to the end of the first request's headers, the handshake included. */
const FIRST_REQUEST_MS = 10_000;

/** What names a connection; a TLS socket shows the same as the socket below it. */
type Ends = Pick<Socket, 'remoteAddress' | 'remotePort' | 'localAddress'>;

interface Connection {
  readonly socket: Socket;
  /** Ends the wait for the first request. */
  readonly asked: AbortController;
  /** Requests that are being served. */
  busy: number;
}

/** One request on a connection. */
export interface Visit {
  /** Its sender has shown the token. */
  trusted(): void;
  over(): void;
}

const NOWHERE: Visit = { trusted: () => undefined, over: () => undefined };

function nameOf({ remoteAddress, remotePort, localAddress }: Ends): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

/**
 * All connections, in two groups ("rooms"): those that have not shown the token, and those that have. A new
 * connection is always let in: a full group drops the one that has been idle for longest. A connection that
 * is being served is dropped only in the group without the token, when none there is idle.
 */
export class Connections {
  private readonly limits: ConnectionLimits;
  private readonly clock: Clock;
  private readonly metrics: Metrics;
  private readonly byName = new Map<string, Connection>();
  /** Oldest first. */
  private readonly strangers = new Set<Connection>();
  /** The one that was used last stands last. */
  private readonly holders = new Set<Connection>();

  constructor(limits: ConnectionLimits, clock: Clock, metrics: Metrics = noMetrics) {
    this.limits = limits;
    this.clock = clock;
    this.metrics = metrics;
    for (const room of ['strangers', 'holders'] as const) {
      metrics.gauge('lamina_api_connections', { room }, () => this[room].size);
    }
  }

  /** Takes in a connection that has just been made. */
  add(socket: Socket): void {
    const name = nameOf(socket);
    const connection: Connection = { socket, asked: new AbortController(), busy: 0 };
    if (this.strangers.size >= this.limits.strangers) {
      const [oldest] = this.strangers;
      this.drop(idleOf(this.strangers) ?? oldest, 'strangers');
    }
    this.byName.set(name, connection);
    this.strangers.add(connection);
    socket.on('close', () => {
      if (this.byName.get(name) === connection) this.byName.delete(name);
      this.strangers.delete(connection);
      this.holders.delete(connection);
      connection.asked.abort();
    });
    this.clock.sleep(FIRST_REQUEST_MS, connection.asked.signal).then(
      () => socket.destroy(),
      () => undefined,
    );
  }

  /** A request has come. */
  visit(socket: Ends): Visit {
    const connection = this.byName.get(nameOf(socket));
    // The connection may have ended before its request was looked at.
    if (connection === undefined) return NOWHERE;
    connection.asked.abort();
    connection.busy += 1;
    return {
      trusted: () => this.trust(connection),
      over: () => {
        connection.busy -= 1;
        if (this.holders.delete(connection)) this.holders.add(connection);
      },
    };
  }

  /** Ends all of them. */
  close(): void {
    for (const { socket } of this.byName.values()) socket.destroy();
  }

  private trust(connection: Connection): void {
    if (!this.strangers.delete(connection)) return;
    if (this.holders.size >= this.limits.holders) this.drop(idleOf(this.holders), 'holders');
    this.holders.add(connection);
  }

  private drop(connection: Connection | undefined, room: keyof ConnectionLimits): void {
    if (connection === undefined) return;
    connection.socket.destroy();
    this.metrics.add('lamina_api_connections_dropped_total', 1, { room });
  }
}

function idleOf(room: ReadonlySet<Connection>): Connection | undefined {
  for (const connection of room) if (connection.busy === 0) return connection;
  return undefined;
}
