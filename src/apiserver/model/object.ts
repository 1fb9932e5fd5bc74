import type { ObjectMeta } from '../../api/object.ts';

/** Who owns which fields: an entry of `metadata.managedFields`. */
export interface ManagedEntry {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  /** RFC 3339, whole seconds; absent if the manager never changed anything. */
  readonly time?: string;
  readonly fieldsType: 'FieldsV1';
  readonly fieldsV1: Readonly<Record<string, unknown>>;
  readonly subresource?: string;
}

/** Metadata of an object that was stored: what the server sets is there. */
export interface StoredMeta extends ObjectMeta {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly creationTimestamp: string;
  readonly generateName?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly managedFields?: readonly ManagedEntry[];
}

/** An object as the server keeps it; everything below the top is read defensively. */
export interface StoredObject {
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
  readonly object: StoredObject;
}
