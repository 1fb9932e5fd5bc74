import type { Clock, Random } from '../../core/clock.ts';
import type { Row, RowKey } from '../storage/row.ts';
import type { Store } from '../storage/store.ts';
import { badRequest, notFound } from '../model/errors.ts';
import { storageName } from './selection.ts';
import type { ServedResource } from '../model/resource.ts';
import type { ObjectKey } from '../model/service.ts';

/** What reading and writing objects needs. */
export interface Context {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly newUid: () => string;
  readonly resources: readonly ServedResource[];
}

/** Where an object lies in the store; 400 when scope and namespace do not fit. */
export function rowKey(key: ObjectKey): RowKey {
  const { resource, namespace, name } = key;
  if ((namespace === undefined) === resource.namespaced) {
    throw badRequest(
      resource.namespaced
        ? 'an empty namespace may not be set when a resource name is provided'
        : 'namespace may not be set on a cluster-scoped resource',
    );
  }
  return { resource: storageName(resource), namespace: namespace ?? '', name };
}

/** The live row of an object; 404 when there is none. Only inside of a turn. */
export function existing(store: Store, key: ObjectKey): Row {
  const row = store.queries.live(rowKey(key));
  if (row === undefined) throw notFound(key.resource, key.name);
  return row;
}
