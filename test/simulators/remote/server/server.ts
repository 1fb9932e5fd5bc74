import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../../../src/core/clock.ts';
import { hash8, sha256 } from '../../../../src/core/digest.ts';
import { systemClock } from '../../../../src/host/clock.ts';
import type { Thing } from '../wire.ts';
import { Contents } from './contents.ts';
import { answer, bodyOf, refuse } from './http.ts';
import { Leases } from './leases.ts';
import { Machines } from './machines.ts';
import { Cut, Refused } from './refused.ts';
import { route, type Desk } from './routes.ts';
import type { Faults } from '../../../contract/fault-stage.ts';
import { noFaults } from './switches.ts';
import { Tasks } from './tasks.ts';
import { World } from './world.ts';

/** How a platform is started. */
export interface RemoteServerOptions {
  /** Survives the platform. */
  readonly folder: string;
  /** Passwords by user. */
  readonly users: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly leaseMs?: number;
  /** True where a machine that its guest switched off is still paid for, until it is switched off. */
  readonly paysForStopped?: boolean;
}

/** The far platform: asked over HTTP only, and by tests through the back door. */
export class RemoteServer {
  /** What goes wrong; may be changed at any time. */
  readonly faults: Faults;
  readonly url: string;
  private readonly desk: Desk;
  private readonly http: Server;
  private readonly users: Readonly<Record<string, string>>;
  private readonly runDir: string;
  private readonly tokens = new Set<string>();

  private constructor(parts: {
    readonly desk: Desk;
    readonly faults: Faults;
    readonly http: Server;
    readonly runDir: string;
    readonly users: Readonly<Record<string, string>>;
  }) {
    this.desk = parts.desk;
    this.faults = parts.faults;
    this.http = parts.http;
    this.runDir = parts.runDir;
    this.users = parts.users;
    this.url = `http://127.0.0.1:${(parts.http.address() as AddressInfo).port}`;
  }

  /** Starts on a free port of this host. */
  static async start(options: RemoteServerOptions): Promise<RemoteServer> {
    const { folder, users, clock = systemClock, leaseMs = 30_000 } = options;
    const faults = noFaults();
    const world = await World.open(folder, faults);
    const contents = new Contents(folder, faults);
    // Short, whatever the folder is: paths of sockets are limited.
    const runDir = join(tmpdir(), `lam-far-${hash8(sha256(folder))}`);
    await mkdir(runDir, { recursive: true, mode: 0o700 });
    const paysForStopped = options.paysForStopped ?? false;
    const machines = new Machines({ world, contents, clock, runDir, paysForStopped });
    const floor = { world, contents, machines, clock };
    const tasks = new Tasks(floor, faults, clock);
    const desk = { ...floor, tasks, leases: new Leases(floor, clock, leaseMs) };
    const http = createServer();
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const server = new RemoteServer({ desk, faults, http, runDir, users });
    http.on('request', (request: IncomingMessage, response: ServerResponse) => {
      // A request that was read to its end loses its socket.
      const { socket } = request;
      server.serve(request, response).catch((error: unknown) => {
        if (error instanceof Cut) socket.destroy();
        else refuse(response, error);
      });
    });
    return server;
  }

  /** Everybody has to log in again. */
  dropTokens(): void {
    this.tokens.clear();
  }

  /** The serial line of the machine of this name that is on. */
  serialSocketOf(name: string): string {
    return this.desk.machines.socketOf(this.machine(name).id);
  }

  /** How many machines run. */
  running(): number {
    return this.desk.machines.running.length;
  }

  /** Ends all machines as a power cut of their host would. */
  async crashAll(): Promise<void> {
    await Promise.all(this.desk.machines.running.map((id) => this.desk.machines.crash(id)));
  }

  /** Ends a machine as a power cut of its host would. */
  async crashMachine(name: string): Promise<void> {
    await this.desk.machines.crash(this.machine(name).id);
  }

  /** A person copies all that is under a key: the marks come along. */
  async copyByStranger(key: string): Promise<string> {
    const { world, contents } = this.desk;
    const name = `copy of ${key}`;
    for (const { id, made: _, task: __, ...thing } of world.look(key).things) {
      if (thing.kind === 'machine')
        await world.add({ ...thing, name, power: 'off', disk: 'a copy' });
      else await world.add({ ...thing, name }, (copy) => contents.copy(id, copy));
    }
    return name;
  }

  /** Whether the platform says of publications that desktops are made from them. */
  async setInUse(inUse: boolean): Promise<void> {
    const { world } = this.desk;
    for (const { id, kind } of world.all()) {
      if (kind === 'publication') await world.change(id, { inUse });
    }
  }

  /** Names of all that is there, whosever it is. */
  names(): readonly string[] {
    return this.desk.world.all().map(({ kind, name }) => `${kind} ${name}`);
  }

  /** What is there beside things: files without a thing, machines that run without one, operations. */
  async stray(): Promise<readonly string[]> {
    const { world, contents, machines, tasks } = this.desk;
    const ids = new Set(world.all().map(({ id }) => id));
    const files = (await contents.files()).filter((name) => !ids.has(name.split('.')[0] ?? ''));
    const guests = machines.running.filter((id) => !ids.has(id));
    return [...files, ...guests, ...(tasks.busy ? ['a task'] : [])];
  }

  /** Machines go with it; things stay in the folder. */
  async close(): Promise<void> {
    const closed = once(this.http, 'close');
    this.http.close();
    this.http.closeAllConnections();
    await closed;
    await this.desk.tasks.close();
    await this.desk.machines.stopAll();
    await rm(this.runDir, { recursive: true, force: true });
  }

  private machine(name: string): Thing {
    const machines = this.desk.world.all().filter(({ kind }) => kind === 'machine');
    const found = machines.find((machine) => machine.name === name);
    if (found === undefined) throw new Error(`there is no machine ${name}`);
    return found;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'POST' && request.url === '/session') {
      return answer(response, 200, { token: await this.login(request) });
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!this.tokens.has(token)) throw new Refused('Unauthorized', 'log in first');
    const answered = await route(this.desk, request);
    if (request.method !== 'GET' && this.faults.loseReplies > 0) {
      this.faults.loseReplies -= 1;
      response.socket?.destroy();
      return;
    }
    if ('json' in answered) return answer(response, 200, answered.json);
    response.writeHead(200, { 'content-type': 'application/vhd' });
    await pipeline(answered.bytes, response);
  }

  private async login(request: IncomingMessage): Promise<string> {
    const { user, password } = (await bodyOf(request)) as Record<string, unknown>;
    if (
      typeof user !== 'string' ||
      !Object.hasOwn(this.users, user) ||
      this.users[user] !== password
    ) {
      throw new Refused('Unauthorized', 'wrong user or password');
    }
    const token = randomBytes(16).toString('hex');
    this.tokens.add(token);
    return token;
  }
}
