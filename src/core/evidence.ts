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

/** That a composition was made: it can be made again from the store, so its disk may be gone. */
export interface ComposedRecord {
  /** Id of the composition. */
  readonly id: string;
  readonly sizeBytes: number;
}

/** What the last look at a machine's disk found. */
export interface InspectionRecord {
  readonly key: string;
  /** Id of the composition that the machine was made from. */
  readonly composition: string;
  /** The boot after which the disk was looked at, as the connector named it. */
  readonly boot?: string;
  /** Digest of the attestation as it lies on the disk; absent if there is none. Gate tokens hash it. */
  readonly attestation?: string;
  readonly found: Inspection;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What jobs leave in the store so that their success is found again without them. */
export interface Evidence {
  composed(id: string): Promise<ComposedRecord | undefined>;
  inspection(key: string): Promise<InspectionRecord | undefined>;
  /** Frees a composition that nobody needs any more; the caches that hold its disk drop it. */
  forgetComposed(id: string): Promise<void>;
  forgetInspection(key: string): Promise<void>;
}
