import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { readKubeconfig } from '../../src/kube/kubeconfig.ts';
import { networkTransport } from '../../src/kube/network.ts';

const LAUNCHER = join(import.meta.dirname, '../../lamina');

/** How `lamina up` is started. */
export interface SystemOptions {
  readonly dataDir: string;
  readonly importRoot: string;
  /** A directory or a repository that is kept applied. */
  readonly source?: string;
  /** The program and its first arguments; the launcher by default. */
  readonly program?: readonly string[];
}

/** How `lamina controller` is started. */
export interface ClusterSystemOptions extends Omit<SystemOptions, 'source'> {
  /** That of the people who use the cluster. */
  readonly kubeconfig: string;
  /** That of the controller, if it is somebody else. */
  readonly controllerKubeconfig?: string;
  readonly args?: readonly string[];
}

interface Launch {
  readonly program?: readonly string[];
  readonly args: readonly string[];
  readonly kubeconfig: string;
}

/** A `lamina up` or a `lamina controller` in a process of its own, as a person would start it. */
export class System {
  readonly client: KubeClient;
  readonly kubeconfig: string;
  readonly pid: number;
  /** What it logged, newest last. */
  readonly log: readonly string[];
  private readonly child: ChildProcessByStdio<null, Readable, Readable>;
  private readonly disconnect: () => Promise<void>;

  private constructor(parts: Pick<System, 'client' | 'kubeconfig' | 'log'> & Hidden) {
    this.client = parts.client;
    this.kubeconfig = parts.kubeconfig;
    this.log = parts.log;
    this.child = parts.child;
    this.pid = parts.child.pid ?? 0;
    this.disconnect = parts.disconnect;
  }

  /** Starts `lamina up` and waits until it says that it is ready. */
  static start(options: SystemOptions): Promise<System> {
    const { dataDir, importRoot, source } = options;
    const args = ['up', '--data', dataDir, '--import-root', importRoot];
    if (source !== undefined) args.push('--source', source, '--poll', '2s');
    return System.launch({ ...options, args, kubeconfig: join(dataDir, 'kubeconfig') });
  }

  /** Starts `lamina controller` and waits until it leads. */
  static controller(options: ClusterSystemOptions): Promise<System> {
    const { dataDir, importRoot, kubeconfig, controllerKubeconfig = kubeconfig } = options;
    const args = ['controller', '--data', dataDir, '--import-root', importRoot];
    args.push('--kubeconfig', controllerKubeconfig, ...(options.args ?? []));
    return System.launch({ ...options, args });
  }

  private static async launch({ program = [LAUNCHER], args, kubeconfig }: Launch): Promise<System> {
    const [file = LAUNCHER, ...first] = program;
    const child = spawn(file, [...first, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const log: string[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => log.push(line));
    await ready(child, log);
    const transport = networkTransport(await readKubeconfig(kubeconfig));
    const disconnect = () => transport.close();
    return new System({ client: kubeClient(transport.send), kubeconfig, log, child, disconnect });
  }

  /** Asks it to stop, and waits. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  /** Ends it as a power cut would. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.disconnect();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}

interface Hidden {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly disconnect: () => Promise<void>;
}

function ready(
  child: ChildProcessByStdio<null, Readable, Readable>,
  log: readonly string[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      if (line.startsWith('ready')) resolve();
    });
    child.on('error', reject);
    child.on('exit', (code) =>
      reject(new Error(`it ended with ${code}:\n${log.slice(-20).join('\n')}`)),
    );
  });
}
