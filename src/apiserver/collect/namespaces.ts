import { timestamp } from '../../core/clock.ts';
import { isList, isObject, jsonEqual } from '../../core/json.ts';
import type { Context } from '../objects/context.ts';
import { placeOf } from '../objects/owners.ts';
import { portions } from '../objects/portion.ts';
import { removeObject } from '../objects/remove.ts';
import { storageName } from '../objects/selection.ts';
import type { StoredObject } from '../model/object.ts';
import type { Row } from '../storage/row.ts';
import { inTurns } from './dying.ts';
import { find, objectKey, putBy, resourceOf, settle } from './owners.ts';

/** Deletes what is in a namespace, in turns; returns what finalizers still hold. */
async function deleteContent(context: Context, namespace: string): Promise<readonly Row[]> {
  const { store } = context;
  const held: Row[] = [];
  const contents = context.resources.filter(
    ({ namespaced, form }) => namespaced && form === undefined,
  );
  for (const resource of contents) {
    const scope = { resource: storageName(resource), namespace };
    for await (const rows of portions(store, { scope }, { at: store.head })) {
      await inTurns(context, rows, (key) => {
        const live = store.queries.live(key);
        if (live === undefined) return;
        const isDying = live.document.object.metadata.deletionTimestamp !== undefined;
        const isGone = !isDying && removeObject(context, objectKey(resource, key), {}).gone;
        if (!isGone) held.push(live);
      });
    }
  }
  return held;
}

/** How many of each there are, in upstream's words. */
function counted(names: readonly string[], word: string): string {
  const counts = [...Map.groupBy(names, (name) => name)].sort(([left], [right]) =>
    left < right ? -1 : 1,
  );
  return counts.map(([name, all]) => `${name} ${word} ${all.length} resource instances`).join(', ');
}

/** Upstream's conditions of a namespace that ends, in its order: reason and message while all is well. */
const CONDITIONS: Readonly<Record<string, readonly [reason: string, message: string]>> = {
  NamespaceDeletionDiscoveryFailure: [
    'ResourcesDiscovered',
    'All resources successfully discovered',
  ],
  NamespaceDeletionGroupVersionParsingFailure: [
    'ParsedGroupVersions',
    'All legacy kube types successfully parsed',
  ],
  NamespaceDeletionContentFailure: [
    'ContentDeleted',
    'All content successfully deleted, may be waiting on finalization',
  ],
  NamespaceContentRemaining: ['ContentRemoved', 'All content successfully removed'],
  NamespaceFinalizersRemaining: [
    'ContentHasNoFinalizers',
    'All content-preserving finalizers finished',
  ],
};

/** Reason and message of the conditions that tell what is left. */
function problems(context: Context, held: readonly Row[]): typeof CONDITIONS {
  if (held.length === 0) return {};
  const resources = held.map((row) => {
    const resource = resourceOf(context, row.resource);
    return resource === undefined ? row.resource : `${resource.plural}.${resource.group}`;
  });
  const finalizers = held.flatMap(({ document }) => document.object.metadata.finalizers ?? []);
  return {
    NamespaceContentRemaining: [
      'SomeResourcesRemain',
      `Some resources are remaining: ${counted(resources, 'has')}`,
    ],
    NamespaceFinalizersRemaining: [
      'SomeFinalizersRemain',
      `Some content in the namespace has finalizers remaining: ${counted(finalizers, 'in')}`,
    ],
  };
}

/** The namespace with conditions that tell how far its deletion is. */
function told(context: Context, object: StoredObject, held: readonly Row[]): StoredObject {
  const status = isObject(object['status']) ? object['status'] : {};
  const known = isList(status['conditions']) ? status['conditions'].filter(isObject) : [];
  const now = timestamp(context.clock.now());
  const wrong = problems(context, held);
  const conditions = Object.entries(CONDITIONS).map(([type, fine]) => {
    const [reason, message] = wrong[type] ?? fine;
    const value = wrong[type] === undefined ? 'False' : 'True';
    const old = known.find((each) => each['type'] === type);
    const lastTransitionTime = old?.['status'] === value ? old['lastTransitionTime'] : now;
    return { type, status: value, reason, message, lastTransitionTime };
  });
  return { ...object, status: { ...status, conditions } };
}

/** Empties a namespace that is being deleted, and removes it when nothing is left. */
export async function emptyNamespace(context: Context, namespace: Row): Promise<void> {
  const { store } = context;
  const held = await deleteContent(context, namespace.name);
  await store.write(() => {
    const found = find(context, namespace);
    if (found === undefined) return;
    const { resource, row, object } = found;
    const next = told(context, object, held);
    if (held.length > 0 && jsonEqual(next, object)) return;
    putBy(context, placeOf(resource, context.clock.now(), 'status'), row, next);
    const emptied = find(context, namespace);
    if (held.length > 0 || emptied === undefined) return;
    // Only now does the finalizer go that stands for the content.
    settle(context, emptied, { ...emptied.object, spec: {} });
  });
}
