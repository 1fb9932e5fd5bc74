import { jsonEqual } from '../../core/json.ts';
import { documentOf } from '../storage/document.ts';
import type { Row } from '../storage/row.ts';
import { existing, rowKey, type Context } from './context.ts';
import { conflict, forbidden } from '../model/errors.ts';
import { isHeld, markDeleted, withPolicy } from './release.ts';
import type { DeleteOptions, DeleteResult, ObjectKey } from '../model/service.ts';

function assertPreconditions(key: ObjectKey, row: Row, options: DeleteOptions): void {
  const { uid, resourceVersion } = row.document.object.metadata;
  const wanted = options.preconditions ?? {};
  const fail = (what: string, asked: string, found: string): never => {
    const why = `Precondition failed: ${what} in precondition: ${asked}, ${what} in object meta: ${found}`;
    throw conflict(key.resource, key.name, why);
  };
  if (wanted.uid !== undefined && wanted.uid !== uid) fail('UID', wanted.uid, uid);
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
    fail('ResourceVersion', wanted.resourceVersion, resourceVersion);
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
    return { gone: true, document: dryRun ? row.document : context.store.drop(row, wanted) };
  }
  const marked = markDeleted(resource, wanted, context.clock.now());
  if (jsonEqual(marked, old)) return { gone: false, document: row.document };
  const document = dryRun ? documentOf(marked) : context.store.put(rowKey(key), marked, row);
  return { gone: false, document };
}
