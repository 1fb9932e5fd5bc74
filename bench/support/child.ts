import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What the launcher tells Node. */
export const NODE_FLAGS = ['--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'];

/** A program that has said that it serves. */
export interface Child {
  readonly pid: number;
  /** From its start until it said so. */
  readonly seconds: number;
  stop(): Promise<void>;
}

/** Starts a program that prints one line when it is there, and runs until SIGTERM. */
export async function started(program: string, args: readonly string[]): Promise<Child> {
  const start = performance.now();
  const child = spawn(program, [...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  // A benchmark that fails half-way leaves nobody behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const exit = once(child, 'exit').finally(() => process.off('exit', kill));
  const told = await Promise.race([
    once(child.stdout, 'data').then(([line]) => String(line)),
    exit.then(() => 'it ended'),
  ]);
  const seconds = (performance.now() - start) / 1000;
  if (!told.startsWith('ready')) throw new Error(`${program} ${args.join(' ')}: ${told}`);
  return {
    pid: child.pid ?? 0,
    seconds,
    stop: async () => {
      child.kill('SIGTERM');
      await exit;
    },
  };
}
