import { PassThrough, Writable } from 'node:stream';
import { openApiServer, type ApiServer } from '../../src/apiserver/server.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { runProgram } from '../../src/cli/program.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { temporaryFolder } from './folder.ts';

/** What a command line left. */
export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Parts of the outside that a test wants to hold. */
export interface CliOverrides extends Partial<CliContext> {
  readonly stdin?: PassThrough & { setRawMode?(raw: boolean): unknown };
}

/** Runs a command line in this process. */
export async function cli(args: readonly string[], overrides: CliOverrides = {}): Promise<CliRun> {
  const said = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write: (chunk, _encoding, done) => {
        said[name] += String(chunk);
        done();
      },
    });
  const code = await runProgram(args, {
    version: '0.0.0-test',
    environment: {},
    clock: systemClock,
    signal: new AbortController().signal,
    stdin: new PassThrough(),
    stdout: into('stdout'),
    stderr: into('stderr'),
    ...overrides,
  });
  return { code, ...said };
}

/** The embedded API over the network, as `lamina up` serves it, without controllers. */
export async function servedApi(): Promise<{
  readonly dataDir: string;
  readonly server: ApiServer;
  readonly client: KubeClient;
  [Symbol.asyncDispose](): Promise<void>;
}> {
  const folder = await temporaryFolder();
  const server = await openApiServer({
    dataDir: folder.path,
    listen: { host: '127.0.0.1', port: 0 },
    clock: systemClock,
    random: Math.random,
    log: silentLog,
    version: '0.0.0-test',
  });
  return {
    dataDir: folder.path,
    server,
    client: kubeClient(server.handler),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
