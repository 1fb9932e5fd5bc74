import type { OwnerReference } from '../../api/object.ts';
import { invalid } from '../../api/validation/field-error.ts';
import type { SentMeta } from './metadata.ts';
import { fieldErrors, labelValueProblems, qualifiedNameProblems } from './names.ts';
import type { StoredMeta } from '../model/object.ts';
import type { FieldError } from '../model/resource.ts';

const MAX_ANNOTATION_BYTES = 262_144;

function labelErrors(labels: Readonly<Record<string, string>>): readonly FieldError[] {
  const field = 'metadata.labels';
  return Object.entries(labels).flatMap(([key, value]) => [
    ...fieldErrors(field, key, qualifiedNameProblems(key)),
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
  const message = `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`;
  return [
    ...entries.flatMap(([key]) =>
      fieldErrors(field, key, qualifiedNameProblems(key.toLowerCase())),
    ),
    ...(bytes > MAX_ANNOTATION_BYTES
      ? [{ field, type: 'FieldValueTooLong' as const, message }]
      : []),
  ];
}

function ownerErrors(owners: readonly OwnerReference[]): readonly FieldError[] {
  const missing = owners.flatMap((owner, index) =>
    (['apiVersion', 'kind', 'name', 'uid'] as const)
      .filter((part) => !owner[part])
      .map((part) => {
        const what = part === 'apiVersion' ? 'version must not be empty' : 'must not be empty';
        return invalid(`metadata.ownerReferences[${index}].${part}`, '', what);
      }),
  );
  const [first, second] = owners.filter((owner) => owner.controller === true);
  if (first === undefined || second === undefined) return missing;
  const text = `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`;
  return [...missing, invalid('metadata.ownerReferences', 'controller', text)];
}

/** What is wrong with the parts of metadata that clients decide. */
export function metadataErrors(meta: SentMeta): readonly FieldError[] {
  const { labels = {}, annotations = {}, ownerReferences = [], finalizers = [] } = meta;
  return [
    ...labelErrors(labels),
    ...annotationErrors(annotations),
    ...ownerErrors(ownerReferences),
    ...finalizers.flatMap((name) =>
      fieldErrors('metadata.finalizers', name, qualifiedNameProblems(name)),
    ),
  ];
}

function immutable(field: string, sent: string | undefined, old: string | undefined) {
  if (sent === undefined || sent === old) return [];
  return [invalid(`metadata.${field}`, sent, 'field is immutable')];
}

function addedFinalizers(sent: SentMeta, old: StoredMeta): readonly FieldError[] {
  if (old.deletionTimestamp === undefined) return [];
  const known = new Set(old.finalizers ?? []);
  const added = (sent.finalizers ?? []).filter((name) => !known.has(name));
  if (added.length === 0) return [];
  const list = added.map((name) => JSON.stringify(name)).join(', ');
  const message = `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`;
  return [{ field: 'metadata.finalizers', type: 'FieldValueForbidden', message }];
}

/** What is wrong with a change of metadata, besides the values themselves. */
export function metadataUpdateErrors(sent: SentMeta, old: StoredMeta): readonly FieldError[] {
  return [
    ...immutable('creationTimestamp', sent.creationTimestamp, old.creationTimestamp),
    ...immutable('deletionTimestamp', sent.deletionTimestamp, old.deletionTimestamp),
    ...addedFinalizers(sent, old),
  ];
}
