import { jsonEqual } from '../../core/json.ts';
import { documentOf } from '../storage/document.ts';
import type { Row } from '../storage/row.ts';
import { existing, rowKey, type Context } from './context.ts';
import { conflict, forbidden } from '../model/errors.ts';
import { isHeld, markDeleted, withPolicy } from './release.ts';
import type { DeleteOptions, DeleteResult, ObjectKey } from '../model/service.ts';

function assertPreconditions(key: ObjectKey, row: Row, options: DeleteOptions): void {
  const { uid, resourceVersion } = row.document.object.metadata;
  const { uid: wantedUid = uid, resourceVersion: wanted = resourceVersion } =
    options.preconditions ?? {};
  // Upstream names the kind where other conflicts name the plural.
  const resource = { ...key.resource, plural: key.resource.kind };
  if (wantedUid !== uid) {
    const why = `the UID in the precondition (${wantedUid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(resource, key.name, why);
  }
  if (wanted !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${wanted}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(resource, key.name, why);
  }
}

/** Deletes an object, or marks it while something holds it; runs inside of a turn. */
export function removeObject(
  context: Context,
  key: ObjectKey,
  options: DeleteOptions,
): DeleteResult {
  const { resource, name } = key;
  const { dryRun = false, propagationPolicy } = options;
  const row = existing(context.store, key);
  assertPreconditions(key, row, options);
  const refusal = resource.strategy.lifecycle?.refuseDelete(name);
  if (refusal !== undefined) throw forbidden(resource, name, refusal);
  const old = row.document.object;
  // Without a policy, what an earlier request asked for goes on.
  const wanted = propagationPolicy === undefined ? old : withPolicy(old, propagationPolicy);
  if (!isHeld(resource, wanted)) {
    if (!dryRun) context.store.drop(row);
    return { gone: true, document: row.document };
  }
  const marked = markDeleted(resource, wanted, context.clock.now());
  if (jsonEqual(marked, old)) return { gone: false, document: row.document };
  const document = dryRun ? documentOf(marked) : context.store.put(rowKey(key), marked, row);
  return { gone: false, document };
}
