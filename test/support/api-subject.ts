import { servedApi } from './cli.ts';

/** A server under test. */
export interface Subject {
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** An embedded server on a free port, with a data folder that is gone afterwards. */
export async function openSubject(): Promise<Subject> {
  const api = await servedApi();
  return {
    kubeconfig: api.server.kubeconfigPath,
    close: () => api[Symbol.asyncDispose](),
  };
}
