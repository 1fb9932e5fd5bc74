import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { run } from '../../src/host/run.ts';
import { builtPeers, type Peer } from './peers.ts';
import { PATIENCE_MS } from './until.ts';

/** What a call left; kubectl's exit code is part of the answer. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built versions of kubectl, newest last. */
export function kubectlPeers(): readonly Peer[] {
  return builtPeers('kubectl');
}

/** Why nothing runs without peers. */
export const NO_KUBECTL = 'no kubectl is built: run "make peers" (needs Go)';

/** kubectl with a home of its own, bound to one kubeconfig. */
export class Kubectl {
  readonly peer: Peer;
  private readonly home: string;
  private readonly kubeconfig: string;

  constructor(peer: Peer, kubeconfig: string) {
    this.peer = peer;
    this.kubeconfig = kubeconfig;
    this.home = mkdtempSync(join(tmpdir(), 'lam-kubectl-'));
    mkdirSync(join(this.home, '.kube'));
  }

  /** Runs a command; `stdin` is what `-f -` reads, `env` goes on top of a bare environment. */
  async run(
    args: readonly string[],
    stdin = '',
    env: Readonly<Record<string, string>> = {},
  ): Promise<KubectlResult> {
    return run(this.peer.program, args, {
      stdin,
      env: { ...this.environment(), ...env },
      timeoutMs: PATIENCE_MS,
      okCodes: Array.from({ length: 256 }, (_, code) => code),
    });
  }

  /** Runs a command that must succeed, and gives what it printed. */
  async ok(args: readonly string[], stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, stdin);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Runs a command that must fail, and gives what it complained. */
  async fails(args: readonly string[], stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, stdin);
    if (code === 0) throw new Error(`kubectl ${args.join(' ')} succeeded: ${stdout}`);
    return stderr;
  }

  /** Starts a command that goes on until it is killed. */
  start(args: readonly string[]): ChildProcessByStdio<null, Readable, null> {
    return spawn(this.peer.program, [...args], {
      env: this.environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** Removes the home. */
  dispose(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  private environment(): Record<string, string> {
    return {
      PATH: '/usr/bin:/bin',
      HOME: this.home,
      KUBECACHEDIR: join(this.home, 'cache'),
      KUBECONFIG: this.kubeconfig,
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
    };
  }
}
