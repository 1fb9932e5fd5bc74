import type { Transfer } from '../connectors/connector.ts';
import type { Clock } from '../core/clock.ts';
import type { EngineTools } from '../engine/tools.ts';
import type { Run } from '../host/run.ts';
import type { LayerStore } from '../store/store.ts';
import type { ConnectorRef } from './spec.ts';
import { Failure } from '../core/failure.ts';

/** What a job works with; built in the job's own process from its configuration, or by a test. */
export interface JobTools {
  readonly run: Run;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A folder with a short path, for sockets. */
  readonly runDir: string;
  readonly places: { readonly store: string; readonly work: string };
  /** Files below it may be imported; none may without it. */
  readonly importRoot?: string;
  readonly fetchMedia: FetchMedia;
  /** Lost if the configuration is gone, Superseded if it leads elsewhere by now. */
  readonly transferFor: (connector: ConnectorRef, signal: AbortSignal) => Promise<Transfer>;
  readonly progress: (step: string, percent: number) => void;
}

/** The tools with the store open. */
export interface StoreTools extends JobTools {
  readonly store: LayerStore;
}

/** Names a Secret, and who needs it. */
export interface SecretRef {
  readonly namespace: string;
  readonly secret: string;
  /** For messages, as `ConnectorConfig/lab`. */
  readonly neededBy: string;
}

/** A file of an installation. */
export interface MediaWanted {
  readonly url: string;
  readonly sha256: string;
  readonly path: string;
  /** The Secret whose keys and values are headers of the request. */
  readonly headersFrom?: SecretRef;
}

/** Fetches a file of an installation to its place, once. */
export type FetchMedia = (wanted: MediaWanted, signal: AbortSignal) => Promise<void>;

/** The part of them that the engine works with. */
export function engineTools(tools: StoreTools): EngineTools & { readonly store: LayerStore } {
  const { run, runDir, signal, progress, store } = tools;
  return { run, runDir, signal, progress, store, work: tools.places.work };
}

/** The failure of a job whose inputs are not those any more that it was planned for. */
export function superseded(message: string): Failure {
  const hint = 'Nothing is to be done: it is planned again with what is there now.';
  return new Failure({ consequence: 'Conflict', code: 'Superseded', message, hint });
}
