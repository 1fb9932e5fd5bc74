import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { openApiServer } from '../../src/apiserver/server.ts';
import { temporaryFolder } from './folder.ts';

/** A server under test. */
export interface Subject {
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** An embedded server on a free port, with a data folder that is gone afterwards. */
export async function openSubject(): Promise<Subject> {
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
    kubeconfig: server.kubeconfigPath,
    close: async () => {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
