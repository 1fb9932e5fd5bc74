import type { FailureData } from '../core/failure.ts';
import type { LayerIdentity, LayerPointer, StoredLayer } from '../core/layer.ts';
import type { DiskFile, DiskFormat } from '../images/source.ts';

/** Directories that jobs work in. */
export interface JobPlaces {
  readonly store: string;
  /** Holds `base/` (materialized OS disks), `composed/<key>/` and `media/`. */
  readonly work: string;
}

/** Takes a disk image from a file below `importRoot` into the store as an OS layer version. */
export interface ImportJob {
  readonly kind: 'import';
  readonly places: JobPlaces;
  readonly layer: LayerIdentity;
  readonly importRoot: string;
  /** Relative to `importRoot`. */
  readonly file: string;
  readonly format: DiskFormat;
  readonly sha256: string;
}

/** One unattended installation step, as declared. */
export interface InstallStep {
  readonly run: string;
  readonly exitCodes?: { readonly ok?: readonly number[]; readonly reboot?: readonly number[] };
  readonly timeout?: string;
}

/** A file that the steps need. */
export interface InstallMedia {
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
}

/** A script of a layer that runs in every image that has it. */
export interface ImageScript {
  /** Layer it comes from, for messages. */
  readonly layer: string;
  readonly run: string;
}

/** What compose writes into the guest beside the layers. */
export type GuestTask =
  | {
      readonly role: 'package';
      readonly title: string;
      readonly steps: readonly InstallStep[];
      readonly media: readonly InstallMedia[];
      /** Shown to the person; present when a person installs. */
      readonly instructions?: string;
      /** True when the steps install without a person. */
      readonly unattended: boolean;
    }
  | {
      readonly role: 'image';
      readonly title: string;
      readonly scripts: readonly ImageScript[];
      /** Layers in the order they were laid down, lowest first; written into the guest. */
      readonly layers: readonly string[];
      /** Whether the image powers off after its scripts; false: a person does. */
      readonly shutdownWhenDone: boolean;
    };

/**
 * Lays deltas over an OS disk and injects the guest task. The result is an overlay in
 * `work/composed/<key>/disk.qcow2`, read-only, with its manifest beside it.
 */
export interface ComposeJob {
  readonly kind: 'compose';
  readonly places: JobPlaces;
  readonly key: string;
  readonly os: LayerPointer;
  /** Lowest first. */
  readonly deltas: readonly LayerPointer[];
  readonly task: GuestTask;
}

/** Reads what a machine left on its disk. Changes nothing. */
export interface InspectJob {
  readonly kind: 'inspect';
  readonly places: JobPlaces;
  /** Key of the composition that the machine was made from. */
  readonly key: string;
  readonly machineDisk: DiskFile;
}

/** Turns what changed on a machine's disk into a layer version: a delta, or for an OS a scrubbed disk. */
export interface CaptureJob {
  readonly kind: 'capture';
  readonly places: JobPlaces;
  readonly key: string;
  readonly layer: LayerIdentity;
  readonly machineDisk: DiskFile;
  /** The OS version below: parent of an OS version, base of any other layer. */
  readonly os: LayerPointer;
  readonly requires: readonly LayerPointer[];
}

/** Rewrites a disk, chain and all, as one self-contained file. */
export interface ConvertJob {
  readonly kind: 'convert';
  readonly source: DiskFile;
  readonly target: DiskFile;
}

/** Everything a job process can be asked to do. */
export type JobSpec = ImportJob | ComposeJob | InspectJob | CaptureJob | ConvertJob;

/** What compose made. */
export interface Composed {
  readonly disk: DiskFile;
  readonly sizeBytes: number;
  /** The nonce that the guest's attestation must repeat. */
  readonly nonce: string;
}

/** What a machine left behind. */
export type Inspection =
  | { readonly verdict: 'clean' }
  /** No fresh attestation: the machine was not shut down by the guest tool. */
  | { readonly verdict: 'unattested'; readonly hint: string }
  /** An unattended step failed. */
  | {
      readonly verdict: 'failed';
      readonly step: number;
      readonly exitCode: number;
      readonly log: string;
    }
  /** Attested, but something must be put right first. */
  | {
      readonly verdict: 'blocked';
      readonly reasons: readonly { readonly reason: string; readonly cure: string }[];
    };

/** Result of each kind of job. */
export interface JobResults {
  import: StoredLayer;
  compose: Composed;
  inspect: Inspection;
  capture: StoredLayer;
  convert: { readonly path: string; readonly sizeBytes: number };
}

/** One line of a job's standard output. */
export type JobLine =
  | { readonly type: 'progress'; readonly step: string; readonly percent: number }
  | { readonly type: 'result'; readonly result: JobResults[keyof JobResults] }
  | { readonly type: 'failure'; readonly failure: FailureData };

/** How a job stands. */
export type JobState<Kind extends JobSpec['kind'] = JobSpec['kind']> =
  | { readonly state: 'running'; readonly step: string; readonly percent: number }
  | { readonly state: 'succeeded'; readonly result: JobResults[Kind] }
  | { readonly state: 'failed'; readonly failure: FailureData };

/**
 * Runs jobs: child processes on one machine, Kubernetes Jobs in a cluster. A job is named by a key;
 * starting one that runs or has ended well is not an error and starts nothing.
 */
export interface JobRunner {
  start(name: string, spec: JobSpec): Promise<void>;
  /** Undefined when no such job is known, for example after a restart: start it again. */
  look(name: string): JobState | undefined;
  /** Stops it if it runs and forgets it, so that it can be started afresh. */
  forget(name: string): Promise<void>;
  /** Calls back with the name of each job whose state changed; returns how to stop. */
  watch(changed: (name: string) => void): () => void;
  close(): Promise<void>;
}
