import { join } from 'node:path';
import type { Run } from '../host/run.ts';

/** What the verbs of the engine work with. */
export interface EngineTools {
  readonly run: Run;
  /** Holds `base/`, `composed/<id>/` and what is in the making. */
  readonly work: string;
  /** A folder with a short path, for sockets. */
  readonly runDir: string;
  readonly signal?: AbortSignal;
  /** Told what is being done, and how much of it, 0 to 100. */
  readonly progress: (step: string, percent: number) => void;
}

/** The option that carries a signal, where there is one. */
export function signalOf({ signal }: EngineTools): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

/** File of an OS disk that compositions lie on, by the hex digits of its content digest. */
export function basePath(work: string, contentHex: string): string {
  return join(work, 'base', `${contentHex}.raw`);
}
