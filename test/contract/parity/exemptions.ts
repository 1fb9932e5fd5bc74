/** Why some answers may differ. */
export interface Excuse {
  /** `group: why` of the cases; `*` stands for anything. */
  readonly where: string;
  /** Number of the request and path of the field; `*` stands for anything. */
  readonly at: string;
  /** What differs, and why it stays so. The documentation prints it. */
  readonly why: string;
}

/** Differences that are meant, as docs/embedded-api.md lists them. */
export const EXEMPTIONS: readonly Excuse[] = [];

/** Differences that are being worked on: whoever ends one takes its line away. */
export const PENDING: readonly Excuse[] = [];
