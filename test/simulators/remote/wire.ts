/** What the far platform stores about a thing for whoever made it; it does not look into it. */
export type Marks = Readonly<Record<string, string>>;

/** A machine, a disk or something published, as it travels. */
export interface Thing {
  readonly id: string;
  readonly kind: 'machine' | 'disk' | 'publication';
  /** Not unique: two things may have the same name. */
  readonly name: string;
  readonly marks: Marks;
  /** Grows with each thing that is made: the smaller, the older. */
  readonly made: number;
  /** The operation that is under way on it. */
  readonly task?: string;
  readonly displayName?: string;
  readonly memoryMiB?: number;
  readonly power?: 'on' | 'stopped' | 'off';
  readonly boots?: number;
  readonly bootedAt?: number;
  /** The disk of a machine; a machine without one is not complete. */
  readonly disk?: string;
  /** The machine or disk that a publication was made from. */
  readonly from?: string;
  readonly inUse?: boolean;
}

/** Things as they were at one moment of the platform. */
export interface Listing {
  /** Grows with each change of anything: what was asked later and is smaller, lags. */
  readonly asOf: number;
  readonly things: readonly Thing[];
}

/** Why the platform did not do something. */
export interface Refusal {
  readonly code: 'NotFound' | 'Busy' | 'Changed' | 'DiskFull' | 'Unauthorized' | 'Bad' | 'Broken';
  readonly message: string;
}

/** How an operation stands. */
export interface TaskSeen {
  readonly state: 'running' | 'done' | 'failed';
  readonly percent: number;
  readonly refusal?: Refusal;
}

/** Everything that can be asked to be done; each becomes an operation with an id. */
export type Order =
  | {
      readonly op: 'clone';
      readonly name: string;
      readonly marks: Marks;
      readonly displayName: string;
      readonly memoryMiB: number;
    }
  | { readonly op: 'attach'; readonly id: string; readonly disk: string }
  /** Acts only if the machine was booted exactly so often. */
  | { readonly op: 'start'; readonly id: string; readonly ifBoots: number }
  | { readonly op: 'shutdown' | 'off' | 'destroy'; readonly id: string }
  | { readonly op: 'create-disk'; readonly name: string; readonly marks: Marks }
  /** A snapshot of a machine that is off, or a version made from a disk. */
  | { readonly op: 'publish'; readonly id: string; readonly name: string; readonly marks: Marks };

/** What came of the bytes that were sent. */
export interface Received {
  readonly bytes: number;
  /** Of the disk in them. */
  readonly sizeBytes: number;
}

/** Bytes that are ready to be fetched while the lease lasts. */
export interface Lease {
  readonly id: string;
  readonly bytes: number;
  /** How long it lasts after it was last used. */
  readonly leaseMs: number;
}
