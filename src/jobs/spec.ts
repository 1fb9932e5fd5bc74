import { digestOf, hexOf, type Digest } from '../core/digest.ts';
import type { FailureData } from '../core/failure.ts';
import type { GuestTask } from '../core/guest-task.ts';
import type { LayerIdentity, LayerPointer } from '../core/layer.ts';
import type { DiskFormat } from '../images/source.ts';

/** A ConnectorConfig, and the digest of the location that it led to when the job was planned. */
export interface ConnectorRef {
  readonly namespace: string;
  readonly name: string;
  /** Where it leads elsewhere by now, the job ends as Superseded. */
  readonly location: Digest;
}

/** Everything that a composed disk is made from. The same recipe gives the same files and the same nonce. */
export interface Recipe {
  readonly namespace: string;
  readonly os: LayerPointer;
  /** Lowest first. */
  readonly deltas: readonly LayerPointer[];
  readonly task: GuestTask;
}

interface JobBase {
  /** External key of the object that it works for; all of its jobs are cancelled by it. */
  readonly key: string;
}

/** Takes a disk image from a file below the worker's import root into the store. */
export interface ImportJob extends JobBase {
  readonly kind: 'import';
  readonly layer: LayerIdentity;
  /** Relative to the import root. */
  readonly file: string;
  readonly format: DiskFormat;
  readonly sha256: string;
}

/** Lays deltas over an OS disk and injects the guest task. Leaves a ComposedRecord. */
export interface ComposeJob extends JobBase {
  readonly kind: 'compose';
  readonly recipe: Recipe;
}

/** Puts the composed disk on a platform. Leaves a disk that is ready and carries the composition's id. */
export interface UploadJob extends JobBase {
  readonly kind: 'upload';
  readonly connector: ConnectorRef;
  readonly recipe: Recipe;
}

/** Reads what a machine left on its disk; changes nothing there. Leaves an InspectionRecord. */
export interface InspectJob extends JobBase {
  readonly kind: 'inspect';
  readonly connector: ConnectorRef;
  readonly recipe: Recipe;
  /** As the connector showed it. */
  readonly boot?: string;
}

/**
 * Turns what changed on a machine's disk into a layer version: a delta, or for an OS a scrubbed disk. The
 * disk is inspected again first; another attestation than this one ends the job, with a new record.
 */
export interface CaptureJob extends JobBase {
  readonly kind: 'capture';
  readonly connector: ConnectorRef;
  readonly recipe: Recipe;
  readonly boot?: string;
  readonly attestation: string;
  readonly layer: LayerIdentity;
}

/**
 * Publishes the disk of an image's machine as a file of the platform. Leaves a publication. The disk is
 * inspected first as a capture does; not where no machine ran, and so there is no attestation.
 */
export interface CopyJob extends JobBase {
  readonly kind: 'copy';
  readonly connector: ConnectorRef;
  readonly recipe: Recipe;
  readonly boot?: string;
  readonly attestation?: string;
  readonly revision: string;
}

/** Everything a job process can be asked to do: references, never a path, a URL of ours or a secret. */
export type JobSpec = ImportJob | ComposeJob | UploadJob | InspectJob | CaptureJob | CopyJob;

/** The kinds of jobs. */
export const JOB_KINDS: readonly JobSpec['kind'][] = [
  'import',
  'compose',
  'upload',
  'inspect',
  'capture',
  'copy',
];

/** One line of a job's standard output. That it is done is found by what it left, not by this. */
export type JobLine =
  | { readonly type: 'progress'; readonly step: string; readonly percent: number }
  | { readonly type: 'done' }
  | { readonly type: 'failure'; readonly failure: FailureData };

/** How a job stands. One that ended well, and one that never was, are not known. */
export type JobState =
  | {
      readonly state: 'running';
      readonly step: string;
      readonly percent: number;
      /** Why it is not its first run. */
      readonly after?: FailureData;
    }
  | {
      readonly state: 'failed';
      readonly failure: FailureData;
      /** How often it failed in a row. */
      readonly attempts: number;
      /** Milliseconds since the epoch from which on it may be started again. */
      readonly retryAt: number;
    };

/**
 * Runs jobs: child processes on one machine, Kubernetes Jobs in a cluster. It remembers only what runs and
 * what failed; what succeeded is found by its evidence.
 */
export interface JobRunner {
  /** Starts it, unless it runs or its time to be tried again has not come. */
  start(spec: JobSpec): Promise<void>;
  look(spec: JobSpec): JobState | undefined;
  /** True while any job of the key runs or waits to run. */
  isBusy(key: string): boolean;
  /** True while anything is remembered of any job of the key, a failure included. */
  isKnown(key: string): boolean;
  /** Stops and forgets all jobs of a key; resolves when none runs any more. */
  cancel(key: string): Promise<void>;
  /** Calls back with the key of each job whose state changed; returns how to stop. */
  watch(changed: (key: string) => void): () => void;
  close(): Promise<void>;
}

/** Names a composition by all that it is made from. */
export function compositionId(recipe: Recipe): string {
  return `c-${hexOf(digestOf(recipe)).slice(0, 40)}`;
}

/** The name of a job: by all of its specification, and short enough for any cluster. */
export function jobName(spec: JobSpec): string {
  return `lamina-${spec.kind}-${hexOf(digestOf(spec)).slice(0, 40)}`;
}
