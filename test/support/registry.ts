import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/host/run.ts';
import { freePort } from './free-port.ts';

/** A real OCI registry on the loopback, with its data in a folder. */
export interface Registry {
  /** `host:port`. */
  readonly address: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts Debian's docker-registry and waits until it answers. */
export async function startRegistry(folder: string): Promise<Registry> {
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, 'registry.yml');
  const storage = { filesystem: { rootdirectory: join(folder, 'registry') } };
  const settings = {
    version: 0.1,
    log: { accesslog: { disabled: true } },
    storage,
    http: { addr: address },
  };
  await writeFile(config, JSON.stringify(settings));
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  await run('curl', [
    '-fsS',
    '--retry',
    '100',
    '--retry-delay',
    '0',
    '--retry-connrefused',
    '--retry-max-time',
    '30',
    `http://${address}/v2/`,
  ]);
  return {
    address,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
