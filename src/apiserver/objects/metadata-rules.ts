import type { OwnerReference } from '../../api/object.ts';
import {
  forbiddenField,
  invalid,
  tooLong,
  type FieldError,
} from '../../api/validation/field-error.ts';
import type { SentMeta } from './metadata.ts';
import {
  fieldErrors,
  labelKeyProblems,
  labelValueProblems,
  qualifiedNameProblems,
} from './names.ts';
import { FOREGROUND, ORPHAN } from './release.ts';
import type { StoredMeta } from '../model/object.ts';

const MAX_ANNOTATION_BYTES = 262_144;

function labelErrors(labels: Readonly<Record<string, string>>): readonly FieldError[] {
  const field = 'metadata.labels';
  return Object.entries(labels).flatMap(([key, value]) => [
    ...fieldErrors(field, key, labelKeyProblems(key)),
    ...fieldErrors(field, value, labelValueProblems(value)),
  ]);
}

function annotationErrors(annotations: Readonly<Record<string, string>>): readonly FieldError[] {
  const field = 'metadata.annotations';
  const entries = Object.entries(annotations);
  const bytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  return [
    ...entries.flatMap(([key]) =>
      fieldErrors(field, key, qualifiedNameProblems(key.toLowerCase())),
    ),
    ...(bytes > MAX_ANNOTATION_BYTES ? [tooLong(field, MAX_ANNOTATION_BYTES)] : []),
  ];
}

const OWNERS = 'metadata.ownerReferences';

/** The version of an apiVersion; empty if there is none. */
function versionOf(apiVersion: string): string | undefined {
  const parts = apiVersion.split('/');
  return parts.length > 2 ? '' : parts.at(-1);
}

function ownerErrors(owner: OwnerReference): readonly FieldError[] {
  const { apiVersion, kind } = owner;
  const isVersioned = versionOf(apiVersion) !== '';
  const empty = (['kind', 'name', 'uid'] as const).filter((part) => !owner[part]);
  const isEvent = kind === 'Event' && /^(events\.k8s\.io\/)?v1(beta1)?$/.test(apiVersion);
  const type = `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
  return [
    ...(isVersioned
      ? []
      : [invalid(`${OWNERS}.apiVersion`, apiVersion, 'version must not be empty')]),
    ...empty.map((part) => invalid(`${OWNERS}.${part}`, '', 'must not be empty')),
    ...(isEvent ? [invalid(OWNERS, owner, `${type} is disallowed from being an owner`)] : []),
  ];
}

function ownersErrors(owners: readonly OwnerReference[]): readonly FieldError[] {
  const errors = owners.flatMap(ownerErrors);
  const [first, second] = owners.filter((owner) => owner.controller === true);
  if (first === undefined || second === undefined) return errors;
  const text = `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`;
  return [...errors, invalid(OWNERS, owners, text)];
}

const FINALIZERS = 'metadata.finalizers';

/** Finalizers without a domain that Kubernetes itself sets on built-in kinds. */
const STANDARD: ReadonlySet<string> = new Set(['kubernetes', ORPHAN, FOREGROUND]);

function finalizerErrors(names: readonly string[], isBuiltIn: boolean): readonly FieldError[] {
  const syntax = names.flatMap((name) =>
    fieldErrors(FINALIZERS, name, qualifiedNameProblems(name)),
  );
  const both = names.includes(ORPHAN) && names.includes(FOREGROUND);
  const text = `finalizer ${ORPHAN} and ${FOREGROUND} cannot be both set`;
  const bare = names.flatMap((name, index) =>
    !isBuiltIn || name.includes('/') || STANDARD.has(name)
      ? []
      : [
          invalid(
            `${FINALIZERS}[${index}]`,
            name,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  );
  return [...syntax, ...(both ? [invalid(FINALIZERS, names, text)] : []), ...bare];
}

/** What is wrong with the parts of metadata that clients decide. */
export function metadataErrors(meta: SentMeta, isBuiltIn: boolean): readonly FieldError[] {
  const { labels = {}, annotations = {}, ownerReferences = [], finalizers = [] } = meta;
  return [
    ...labelErrors(labels),
    ...annotationErrors(annotations),
    ...ownersErrors(ownerReferences),
    ...finalizerErrors(finalizers, isBuiltIn),
  ];
}

/** What clients may send, and not change. Another creationTimestamp is not even looked at. */
const IMMUTABLE = ['uid', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;

function immutableErrors(sent: SentMeta, old: StoredMeta): readonly FieldError[] {
  return IMMUTABLE.filter((field) => sent[field] !== undefined && sent[field] !== old[field]).map(
    (field) => invalid(`metadata.${field}`, sent[field], 'field is immutable'),
  );
}

function addedFinalizers(sent: SentMeta, old: StoredMeta): readonly FieldError[] {
  if (old.deletionTimestamp === undefined) return [];
  const known = new Set(old.finalizers ?? []);
  const added = (sent.finalizers ?? []).filter((name) => !known.has(name));
  if (added.length === 0) return [];
  const list = added.map((name) => JSON.stringify(name)).join(', ');
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [forbiddenField(FINALIZERS, why)];
}

/** What is wrong with a change of metadata, besides the values themselves. */
export function metadataUpdateErrors(sent: SentMeta, old: StoredMeta): readonly FieldError[] {
  const errors = [...immutableErrors(sent, old), ...addedFinalizers(sent, old)];
  // Upstream looks twice, in general and for the kind, and lists what it finds twice.
  return [...errors, ...errors];
}
