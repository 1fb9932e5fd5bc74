import { impossible } from '../core/failure.ts';
import { isObject } from '../core/json.ts';

/** What a job's process knows of its surroundings; specifications hold references only. */
export interface WorkerConfig {
  readonly store: string;
  /**
   * Everything in it is made again, except `composed/<key>/` of the previous release: disks of machines that
   * it made lie on it, so it must stay while there are such. Locks lie here too: never wipe it while anything runs.
   */
  readonly work: string;
  readonly importRoot?: string;
  /** True if media may be fetched from loopback, link-local and metadata addresses. */
  readonly allowLocalMedia?: boolean;
  /** Where the platform of this host keeps its machines. */
  readonly machines?: string;
  /** How to reach the API, where connectors and their credentials are read. */
  readonly kubeconfig?: string;
}

/** The environment variable that carries it: it is no secret, and argv is for everybody to see. */
export const WORKER_VARIABLE = 'LAMINA_WORKER';

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the configuration as the runner hands it over. */
export function parseWorkerConfig(text: string | undefined): WorkerConfig {
  const value = text === undefined ? undefined : parsed(text);
  const fields = isObject(value) ? value : {};
  const [store, work] = [textOf(fields, 'store'), textOf(fields, 'work')];
  if (store === undefined || work === undefined) {
    const message = `${WORKER_VARIABLE} does not name a store and a work folder`;
    throw impossible('BadWorkerConfig', message, 'Start jobs through a controller.');
  }
  const [importRoot, machines, kubeconfig] = [
    textOf(fields, 'importRoot'),
    textOf(fields, 'machines'),
    textOf(fields, 'kubeconfig'),
  ];
  return {
    store,
    work,
    ...(importRoot === undefined ? {} : { importRoot }),
    ...(fields['allowLocalMedia'] === true ? { allowLocalMedia: true } : {}),
    ...(machines === undefined ? {} : { machines }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  };
}
