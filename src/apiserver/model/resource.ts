import type { SchemaNode } from '../../api/validation/schema-node.ts';
import type { Checked, CheckOptions } from '../../api/validation/check.ts';
import type { KindDefinition } from '../../api/kind.ts';
import type { StoredObject } from './object.ts';

/** What a resource does differently when its objects end; only namespaces do. */
interface Lifecycle {
  /** Labels that the server itself sets. */
  labels(name: string): Readonly<Record<string, string>>;
  /** Why this object may not be deleted. */
  refuseDelete(name: string): string | undefined;
  /** Whether the object stays although it has no finalizers in its metadata. */
  held(object: StoredObject): boolean;
  /** The object with what a deletion changes outside of its metadata. */
  terminating(object: StoredObject): StoredObject;
}

/** What an object is checked against. */
export interface Against extends CheckOptions {
  readonly old?: StoredObject | undefined;
}

/** What makes one resource differ from the next on the write and read paths. */
export interface Strategy {
  /** Prunes, defaults and checks everything outside `metadata`. May throw an ApiError (400). */
  check(candidate: Readonly<Record<string, unknown>>, against?: Against): Checked;
  /** Whether `metadata.generation` counts the changes of the spec. */
  readonly generation: boolean;
  /** Whether PUT without a resourceVersion overwrites whatever is there. */
  readonly unconditionalUpdate: boolean;
  /** Whether PUT makes an object that is not there. */
  readonly createOnUpdate?: boolean;
  /** Whether names are DNS labels (63 characters) instead of DNS subdomains. */
  readonly labelName: boolean;
  /** Fields that field selectors may name besides metadata.name and metadata.namespace. */
  readonly selectable: Readonly<Record<string, (object: StoredObject) => string>>;
  /** List fields that strategic merge patches merge, by path; undefined: the patch type is refused. */
  readonly mergeKeys?: Readonly<Record<string, string>>;
  /** Fields, by path, that nobody owns by writing the object or its status: the server sets or keeps them. */
  readonly unowned: { readonly main: readonly string[]; readonly status: readonly string[] };
  /** What an object has although nobody said it. */
  readonly always?: Readonly<Record<string, unknown>>;
  readonly lifecycle?: Lifecycle;
}

/** Another form of a resource: the same objects with other names of some top fields. */
export interface Form {
  /** What is stored, with the rules that hold for those who write in this form. */
  readonly of: ServedResource;
  /** Names in this form by the names in what is stored. */
  readonly names: ReadonlyMap<string, string>;
}

/** One resource that is served. */
export interface ServedResource {
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
  readonly schema: SchemaNode;
  /** Present on our own kinds: columns and descriptions come from here. */
  readonly definition?: KindDefinition;
  readonly strategy: Strategy;
  /** The name under which it is stored, if not under its own. */
  readonly storage?: string;
  /** Present if other fields are stored than are shown. */
  readonly form?: Form;
}
