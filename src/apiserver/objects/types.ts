import type { KindDefinition } from '../../api/kind.ts';
import type { ObjectMeta } from '../../api/object.ts';
import type { FieldErrorType as SchemaErrorType } from '../../api/validation/field-error.ts';

/** Metadata of an object that was stored: what the server sets is there. */
export interface StoredMeta extends ObjectMeta {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly generateName?: string;
  readonly deletionGracePeriodSeconds?: number;
}

/** An object as the server keeps it; everything below the top is read defensively. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: StoredMeta;
  readonly [field: string]: unknown;
}

/**
 * An object together with its JSON text. `json` can be sent as it is; `object` is parsed when first
 * asked for and then shared by every reader, so nobody may change it. One Document is handed to all
 * watchers of the same change, so encodings can be cached by its identity.
 */
export interface Document {
  readonly json: string;
  readonly object: KubeObject;
}

/** Why a field is refused; besides the reasons of schemas there is one for frozen fields. */
type FieldErrorType = SchemaErrorType | 'FieldValueForbidden';

/** One thing that is wrong with a field. */
export interface FieldError {
  readonly field: string;
  readonly type: FieldErrorType;
  /** Kubernetes' text without the field, as `Required value`. */
  readonly message: string;
}

/** What a check of a whole object found out. */
export interface CheckResult {
  /** Pruned, defaulted copy. */
  readonly object: Readonly<Record<string, unknown>>;
  /** Paths of fields that the schema does not know, as `spec.foo`. */
  readonly unknown: readonly string[];
  readonly errors: readonly FieldError[];
}

/** What a resource does differently when its objects end; only namespaces do. */
interface Lifecycle {
  /** Labels that the server itself sets. */
  labels(name: string): Readonly<Record<string, string>>;
  /** Why this object may not be deleted. */
  refuseDelete(name: string): string | undefined;
  /** Whether the object stays although it has no finalizers in its metadata. */
  held(object: KubeObject): boolean;
  /** The object with what a deletion changes outside of its metadata. */
  terminating(object: KubeObject): KubeObject;
}

/** What makes one resource differ from the next on the write and read paths. */
export interface Strategy {
  /** Prunes, defaults and checks everything outside `metadata`. May throw an ApiError (400). */
  check(candidate: Readonly<Record<string, unknown>>, old?: KubeObject): CheckResult;
  /** Whether `metadata.generation` counts the changes of the spec. */
  readonly generation: boolean;
  /** Whether PUT without a resourceVersion overwrites whatever is there. */
  readonly unconditionalUpdate: boolean;
  /** Whether names are DNS labels (63 characters) instead of DNS subdomains. */
  readonly labelName: boolean;
  /** Fields that field selectors may name besides metadata.name and metadata.namespace. */
  readonly selectable: Readonly<Record<string, (object: KubeObject) => string>>;
  /** List fields that strategic merge patches merge, by path; undefined: the patch type is refused. */
  readonly mergeKeys?: Readonly<Record<string, string>>;
  readonly lifecycle?: Lifecycle;
}

/** One resource that is served. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** `version` or `group/version`, as it stands in objects. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly short: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly subresources: { readonly status: boolean };
  /** OpenAPI v3 schema of the object, for discovery documents and `kubectl explain`. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** Present on our own kinds: columns and descriptions come from here. */
  readonly definition?: KindDefinition;
  readonly strategy: Strategy;
}

/** A collection: all objects of a resource, in one namespace or, left out, in all. */
export interface Collection {
  readonly resource: Resource;
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
  readonly fieldValidation?: FieldValidation;
  /** Paths that occurred twice in the body, from `parseBody`. */
  readonly duplicates?: readonly string[];
}

/** How an existing object is written. */
export interface UpdateOptions extends WriteOptions {
  readonly subresource?: 'status';
}

/** The three patch formats; server-side apply is refused before it comes here. */
export type PatchType = 'merge' | 'json' | 'strategic';

/** A patch with its format. */
export interface Patch {
  readonly type: PatchType;
  readonly body: unknown;
}

/** The outcome of a write. */
export interface WriteResult {
  readonly document: Document;
  /** Sent as `Warning: 299 - "…"` headers. */
  readonly warnings: readonly string[];
}

/** What becomes of the dependents of a deleted object. */
export type PropagationPolicy = 'Background' | 'Foreground' | 'Orphan';

/** How an object is deleted. */
export interface DeleteOptions {
  readonly dryRun?: boolean;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  /** Background by default. */
  readonly propagationPolicy?: PropagationPolicy;
}

/** Either the object, still there because finalizers hold it, or its last state. */
export interface DeleteResult {
  /** True: answer with a Status that carries `details.uid`; false: answer with the object. */
  readonly gone: boolean;
  readonly document: Document;
}

/** Which objects of a collection. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** How a collection is listed. */
export interface ListOptions extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
}

/** A list, or a page of it. Every page shows the revision of the first. */
export interface ListResult {
  readonly items: readonly Document[];
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** How a collection is watched. */
export interface WatchOptions extends Selection {
  /** Unset or 0: everything that exists comes first, as ADDED. */
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: string;
  readonly sendInitialEvents?: boolean;
  readonly allowBookmarks?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
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
  deleteCollection(
    collection: Collection,
    options?: DeleteOptions & Selection,
  ): Promise<readonly Document[]>;
  /** Rejects on bad parameters before the stream begins; the stream ends by time-out or signal. */
  watch(collection: Collection, options?: WatchOptions): Promise<AsyncIterable<WatchEvent>>;
}
