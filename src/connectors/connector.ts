import type { DiskFile } from '../images/source.ts';

/** What a platform can do, as data: plans branch on it and the support table is printed from it. */
export interface Capabilities {
  /** Whether a machine can run on an overlay of a disk that stays where it is. */
  readonly overlays: boolean;
  readonly snapshots: 'native' | 'copied' | 'none';
  /** Whether what the README says was ever confirmed on a live platform. */
  readonly proven: 'live' | 'simulated only';
}

/** One of the two checks of a configuration. */
export interface Check {
  readonly ok: boolean;
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** The outcome of `verify`. */
export interface Verification {
  readonly credentials: Check;
  readonly location: Check;
}

/** The machine to create. Its disk was put before, under the same key. */
export interface MachineWanted {
  readonly displayName: string;
  readonly purpose: 'packaging' | 'published';
}

/** How a person reaches a machine. */
export interface MachineConsole {
  /** A unix socket with the machine's serial line. */
  readonly serialSocket?: string;
  /** A unix socket that speaks VNC. */
  readonly vncSocket?: string;
}

/** A machine as the platform shows it now. */
export interface MachineSeen {
  readonly key: string;
  readonly power: 'on' | 'off';
  /** Milliseconds since the epoch of the last power-on that the platform knows of. */
  readonly poweredOnAt?: number;
  readonly console: MachineConsole;
  /** Where a person finds it, in one sentence. */
  readonly location: string;
}

/** A disk to put on the platform. */
export interface DiskSource extends DiskFile {
  readonly sizeBytes: number;
  /** Set when `path` is only the top of a chain. */
  readonly backing?: DiskFile;
}

/** A disk or snapshot that the platform holds. */
export interface DiskSeen extends DiskFile {
  readonly key: string;
}

/** Anything on the platform that carries our install id. */
export interface OwnedThing {
  readonly kind: 'machine' | 'disk' | 'snapshot';
  readonly key: string;
}

/**
 * One platform. Every verb is idempotent for the same key and may be repeated after a crash at any
 * instant; none outlives the signal. Observing never changes anything. Failures are `Failure`s.
 */
export interface Connector {
  readonly platform: string;
  readonly can: Capabilities;
  verify(signal: AbortSignal): Promise<Verification>;
  findMachine(key: string, signal: AbortSignal): Promise<MachineSeen | undefined>;
  createMachine(key: string, want: MachineWanted, signal: AbortSignal): Promise<void>;
  /** `shutdown` asks the guest; `off` pulls the plug. Already there is success. */
  power(key: string, to: 'on' | 'off' | 'shutdown', signal: AbortSignal): Promise<void>;
  deleteMachine(key: string, signal: AbortSignal): Promise<void>;
  putDisk(key: string, source: DiskSource, signal: AbortSignal): Promise<void>;
  /** The disk under this key, to be read by a job; Busy while its machine is on. */
  getDisk(key: string, signal: AbortSignal): Promise<DiskSeen | undefined>;
  /** Snapshots stay: they may be published. */
  deleteDisk(key: string, signal: AbortSignal): Promise<void>;
  /** A read-only, self-contained copy of the disk of a machine that is off. */
  snapshot(key: string, name: string, signal: AbortSignal): Promise<void>;
  findSnapshot(key: string, name: string, signal: AbortSignal): Promise<DiskSeen | undefined>;
  deleteSnapshot(key: string, name: string, signal: AbortSignal): Promise<void>;
  listOwned(signal: AbortSignal): Promise<readonly OwnedThing[]>;
  /** Calls back with the key of each machine whose state may have changed; returns how to stop. */
  watch(changed: (key: string) => void): () => void;
  close(): Promise<void>;
}
