import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readKubeconfig } from '../../src/kube/kubeconfig.ts';
import { networkTransport, type NetworkTransport } from '../../src/kube/network.ts';

const PROGRAM = join(import.meta.dirname, 'api-server.ts');

/** The embedded API in a process of its own, to be killed. */
export class ApiProcess {
  private readonly dataDir: string;
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;
  private readonly networks: NetworkTransport[] = [];

  private constructor(dataDir: string, child: ChildProcess) {
    this.dataDir = dataDir;
    this.child = child;
    this.ended = once(child, 'exit');
  }

  /** Starts it on a data folder, and waits until it serves. */
  static async start(dataDir: string): Promise<ApiProcess> {
    const child = spawn(process.execPath, [PROGRAM, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const server = new ApiProcess(dataDir, child);
    const isReady = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      server.ended.then(() => false),
    ]);
    if (!isReady) throw new Error(`the API ended as it was to start on ${dataDir}`);
    return server;
  }

  /** Connections of their own, over TLS. */
  async connect(): Promise<NetworkTransport> {
    const network = networkTransport(await readKubeconfig(join(this.dataDir, 'kubeconfig')));
    this.networks.push(network);
    return network;
  }

  /** Rejects when it ends, for those who wait for something else of it. */
  async ending(): Promise<never> {
    await this.ended;
    throw new Error('the API ended');
  }

  /** SIGKILL, as if nobody had known; resolves when nothing of it is left. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** Kills it if it still runs, and gives its connections back. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await this.kill();
    await Promise.all(this.networks.map((network) => network.close()));
  }
}
