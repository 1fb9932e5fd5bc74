import type { Document } from './object.ts';
import type { ServedResource } from './resource.ts';

/** A collection: all objects of a resource, in one namespace or, left out, in all. */
export interface Collection {
  readonly resource: ServedResource;
  readonly namespace?: string;
}

/** One object. Namespaced resources need the namespace, cluster-scoped ones must not have it. */
export interface ObjectKey extends Collection {
  readonly name: string;
}

/** What to do about fields that the schema does not know. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** How a write is done. */
export interface WriteOptions {
  /** Run every check, store nothing. */
  readonly dryRun?: boolean;
  /** Warn by default, as in Kubernetes. */
  readonly fieldValidation?: FieldValidation | undefined;
  /** Paths that occurred twice in the body, from `parseBody`. */
  readonly duplicates?: readonly string[];
  /** Who writes, as `managedFields` shall name it. */
  readonly manager?: string;
}

/** How an existing object is written. */
export interface UpdateOptions extends WriteOptions {
  readonly subresource?: 'status';
}

/** The patch formats; `apply` is server-side apply. */
export type PatchType = 'merge' | 'json' | 'strategic' | 'apply';

/** A patch with its format. */
export interface Patch {
  readonly type: PatchType;
  readonly body: unknown;
  /** Apply only: takes fields that others own. */
  readonly force?: boolean;
}

/** The outcome of a write. */
export interface WriteResult {
  readonly document: Document;
  /** Sent as `Warning: 299 - "…"` headers. */
  readonly warnings: readonly string[];
  /** The object was not there before: an apply made it. */
  readonly created?: boolean;
}

/** What becomes of the dependents of a deleted object. */
export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan';

/** How an object is deleted. */
export interface DeleteOptions {
  readonly dryRun?: boolean;
  readonly preconditions?: {
    readonly uid?: string | undefined;
    readonly resourceVersion?: string | undefined;
  };
  /** Background by default. */
  readonly propagationPolicy?: PropagationPolicy | undefined;
}

/** Either the object, still there because finalizers hold it, or its last state. */
export interface DeleteResult {
  /** True: answer with a Status that carries `details.uid`; false: answer with the object. */
  readonly gone: boolean;
  readonly document: Document;
}

/** Which objects of a collection. */
export interface Selection {
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

/** How a collection is listed. */
export interface ListOptions extends Selection {
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: string | undefined;
}

/** A list, or a page of it. Every page shows the revision of the first. */
export interface ListResult {
  readonly items: readonly Document[];
  /** What a list without a limit has beyond, read from the store as somebody takes it. */
  readonly more?: AsyncIterable<readonly Document[]>;
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** How a collection is watched. */
export interface WatchOptions extends Selection {
  /** Unset or 0: everything that exists comes first, as ADDED. */
  readonly resourceVersion?: string | undefined;
  readonly sendInitialEvents?: boolean | undefined;
  readonly allowBookmarks?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A change, a bookmark, or the Status that ends the stream. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  /** Text of the object, of the bookmark's object, or of the Status. */
  readonly json: string;
  /** The object; absent on BOOKMARK and ERROR. */
  readonly document?: Document;
  readonly resourceVersion: string;
}

/** What the wire calls. Every method rejects with an ApiError (`errors.ts`). */
export interface ObjectService {
  get(key: ObjectKey, options?: { readonly subresource?: 'status' }): Promise<Document>;
  list(collection: Collection, options?: ListOptions): Promise<ListResult>;
  create(collection: Collection, body: unknown, options?: WriteOptions): Promise<WriteResult>;
  update(key: ObjectKey, body: unknown, options?: UpdateOptions): Promise<WriteResult>;
  patch(key: ObjectKey, patch: Patch, options?: UpdateOptions): Promise<WriteResult>;
  remove(key: ObjectKey, options?: DeleteOptions): Promise<DeleteResult>;
  /** Deletes what a list with these options shows, and answers with the list. */
  deleteCollection(
    collection: Collection,
    options?: DeleteOptions & ListOptions,
  ): Promise<ListResult>;
  /** Rejects on bad parameters before the stream begins; the stream ends by time-out or signal. */
  watch(collection: Collection, options?: WatchOptions): Promise<AsyncIterable<WatchEvent>>;
}
