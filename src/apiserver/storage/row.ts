import type { Document } from '../model/object.ts';

/** Where an object lies: `resource` is its storage name, `namespace` is empty for cluster scope. */
export interface RowKey {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** A live object with the time of its last write. */
export interface Row extends RowKey {
  readonly revision: number;
  readonly document: Document;
}

/** One committed change, with the version that it replaced. */
export interface Change extends Row {
  readonly deleted: boolean;
  readonly before?: Document;
}

/** Which rows: one resource, and as far as given one namespace, one name. */
export interface Scope {
  readonly resource: string;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** The rows of a scope from a place on, in the order of namespace and name. */
export interface From extends Scope {
  /** The key before the first. */
  readonly after?: { readonly namespace: string; readonly name: string } | undefined;
  /** The revision whose state is asked for. */
  readonly at: number;
}

/** The revision that was asked for has been compacted away. */
export class CompactedError extends Error {
  constructor(asked: number, oldest: number) {
    super(`revision ${asked} is older than ${oldest}, the oldest that is kept`);
    this.name = 'CompactedError';
  }
}

/** Recognizes a CompactedError across realms. */
export function isCompacted(error: unknown): error is CompactedError {
  return error instanceof Error && error.name === 'CompactedError';
}
