import { timestamp } from '../../core/clock.ts';
import { isList, isObject, jsonEqual } from '../../core/json.ts';
import type { Context } from '../objects/context.ts';
import { removeObject } from '../objects/remove.ts';
import { storageName } from '../objects/selection.ts';
import type { StoredObject } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { Row } from '../storage/row.ts';
import { inTurns } from './dying.ts';
import { objectKey, resourceOf, settle } from './owners.ts';

const CHUNK = 200;
const NAMED = 5;

/** Deletes what is in a namespace, in turns; returns what finalizers still hold. */
async function deleteContent(context: Context, namespace: string): Promise<readonly Row[]> {
  const { store } = context;
  const held: Row[] = [];
  for (const resource of context.resources.filter((each) => each.namespaced)) {
    let after: Row | undefined;
    do {
      const from = after;
      const rows = await store.read(() =>
        store.page({
          resource: storageName(resource),
          namespace,
          at: store.head,
          limit: CHUNK,
          ...(from === undefined ? {} : { after: from }),
        }),
      );
      await inTurns(context, rows, (key) => {
        const live = store.queries.live(key);
        if (live?.document.object.metadata.deletionTimestamp !== undefined || live === undefined) {
          if (live !== undefined) held.push(live);
          return;
        }
        const { gone } = removeObject(context, objectKey(resource, key), {});
        if (!gone) held.push(live);
      });
      after = rows.length < CHUNK ? undefined : rows.at(-1);
    } while (after !== undefined);
  }
  return held;
}

function describe(context: Context, held: readonly Row[]): string {
  const names = held.slice(0, NAMED).map((row) => {
    const finalizers = row.document.object.metadata.finalizers ?? [];
    const kind = resourceOf(context, row.resource)?.singular ?? row.resource;
    return `${kind}/${row.name} (${finalizers.join(', ')})`;
  });
  const more = held.length > NAMED ? ` and ${held.length - NAMED} more` : '';
  return `${names.join(', ')}${more}`;
}

/** The namespace with a condition that names what blocks its deletion. */
function blocked(context: Context, object: StoredObject, held: readonly Row[]): StoredObject {
  const status = isObject(object['status']) ? object['status'] : {};
  const condition = {
    type: 'NamespaceContentRemaining',
    status: 'True',
    reason: 'SomeFinalizersRemain',
    message: `Some content in the namespace has finalizers remaining: ${describe(context, held)}`,
  };
  const [known] = isList(status['conditions']) ? status['conditions'] : [];
  const { lastTransitionTime: _time, ...rest } = isObject(known) ? known : {};
  if (jsonEqual(rest, condition)) return object;
  const lastTransitionTime = timestamp(context.clock.now());
  return { ...object, status: { ...status, conditions: [{ ...condition, lastTransitionTime }] } };
}

/** Empties a namespace that is being deleted, and removes it when nothing is left. */
export async function emptyNamespace(
  context: Context,
  resource: ServedResource,
  namespace: Row,
): Promise<void> {
  const { store } = context;
  const held = await deleteContent(context, namespace.name);
  await store.write(() => {
    const row = store.queries.live(namespace);
    if (row === undefined) return;
    const { object } = row.document;
    const next = held.length === 0 ? { ...object, spec: {} } : blocked(context, object, held);
    if (!jsonEqual(next, object)) settle(context, resource, row, next);
  });
}
