import type { Clock, Random } from '../core/clock.ts';
import type { Log } from '../host/log.ts';
import { DEFINITIONS, servedDefinitions } from './builtins/definition.ts';
import { DEFAULT_NAMESPACE, NAMESPACES } from './builtins/namespace.ts';
import { RESOURCES } from './builtins/resources.ts';
import { collectGarbage } from './collect/collector.ts';
import { upkeep } from './collect/upkeep.ts';
import { isApiError } from './model/errors.ts';
import { wholeList } from './objects/read.ts';
import { objectService } from './objects/service.ts';
import type { ServedResource } from './model/resource.ts';
import type { ObjectService } from './model/service.ts';
import { Store } from './storage/store.ts';

/** What the core of the API server is made of. */
export interface ApiServerCoreOptions {
  /** The database file, or `:memory:`. */
  readonly path: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly newUid: () => string;
  readonly log: Log;
}

/** The running core: everything but the wire. */
export interface ApiServerCore {
  readonly service: ObjectService;
  readonly resources: readonly ServedResource[];
  /** Rejects if nothing can be stored. */
  probe(): Promise<void>;
  databaseBytes(): Promise<number>;
  /** Ends all watches, finishes what was accepted, closes the database. */
  close(): Promise<void>;
}

/** Who owns the fields of what the server itself makes. */
const WRITER = { manager: 'lamina' };

async function ensureDefaultNamespace(service: ObjectService): Promise<void> {
  const { apiVersion, kind } = NAMESPACES;
  const body = { apiVersion, kind, metadata: { name: DEFAULT_NAMESPACE } };
  try {
    await service.create({ resource: NAMESPACES }, body);
  } catch (error) {
    if (!isApiError(error) || error.status.reason !== 'AlreadyExists') throw error;
  }
}

/** What an older program has left is made what is served now, in place: the definitions keep their uids. */
async function ensureDefinitions(service: ObjectService): Promise<void> {
  const resource = DEFINITIONS;
  const found = await wholeList(await service.list({ resource }));
  const left = new Set(found.map(({ object }) => object.metadata.name));
  const make = ([name, body]: readonly [string, Readonly<Record<string, unknown>>]) => {
    const spec = [{ op: 'replace', path: '/spec', value: body['spec'] }];
    return left.delete(name)
      ? service.patch({ resource, name }, { type: 'json', body: spec }, WRITER)
      : service.create({ resource }, body, WRITER);
  };
  // At once, so that they are one commit.
  await Promise.all([...servedDefinitions()].map(make));
  for (const name of left) await service.remove({ resource, name });
}

/** Opens the database and starts the loops that collect garbage and keep it small. */
export async function openApiServerCore(options: ApiServerCoreOptions): Promise<ApiServerCore> {
  const { path, clock, random, newUid, log } = options;
  const store = new Store(path, () => clock.now());
  const closing = new AbortController();
  const context = { store, clock, random, newUid, resources: RESOURCES };
  const service = objectService(context, closing.signal);
  try {
    await ensureDefaultNamespace(service);
    await ensureDefinitions(service);
  } catch (error) {
    await store.close();
    throw error;
  }
  const loops = [
    collectGarbage(context, log, closing.signal),
    upkeep(context, log, closing.signal),
  ];
  let closed: Promise<void> | undefined;
  const close = async () => {
    closing.abort();
    store.end();
    await Promise.all(loops);
    await store.close();
  };
  return {
    service,
    resources: RESOURCES,
    probe: () => store.probe(),
    databaseBytes: () => store.sizeBytes(),
    close: () => (closed ??= close()),
  };
}
