import { randomUUID } from 'node:crypto';
import { openApiServerCore, type ApiServerCore } from '../../src/apiserver/open.ts';
import type { FailureStatus } from '../../src/apiserver/model/errors.ts';
import type { Document } from '../../src/apiserver/model/object.ts';
import type { ServedResource } from '../../src/apiserver/model/resource.ts';
import type { Collection, ObjectKey, WatchEvent } from '../../src/apiserver/model/service.ts';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';

/** A core under test: in memory and on the real clock unless told otherwise. */
export function openCore(
  options: { readonly path?: string; readonly clock?: Clock } = {},
): Promise<ApiServerCore> {
  return openApiServerCore({
    path: options.path ?? ':memory:',
    clock: options.clock ?? systemClock,
    random: Math.random,
    newUid: randomUUID,
    log: silentLog,
  });
}

/** The resource of a kind. */
function resourceOf(core: ApiServerCore, kind: string): ServedResource {
  const found = core.resources.find((resource) => resource.kind === kind);
  if (found === undefined) throw new Error(`no resource of kind ${kind}`);
  return found;
}

/** A collection in the default namespace, or at cluster scope. */
export function collection(core: ApiServerCore, kind: string, namespace = 'default'): Collection {
  const resource = resourceOf(core, kind);
  return resource.namespaced ? { resource, namespace } : { resource };
}

/** The key of an object. */
export function key(core: ApiServerCore, kind: string, name: string): ObjectKey {
  return { ...collection(core, kind), name };
}

/** The body of a valid object. */
export function body(
  kind: string,
  name: string,
  metadata: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const meta = { name, ...metadata };
  if (kind === 'AppLayer') {
    const spec = {
      osLayer: { name: 'win11' },
      packaging: { connectorRef: { name: 'lab' } },
      versions: [{ name: '1', osVersion: '2026-10' }],
    };
    return { apiVersion: 'lamina.dev/v1alpha1', kind, metadata: meta, spec };
  }
  const apiVersion = kind === 'Lease' ? 'coordination.k8s.io/v1' : 'v1';
  return { apiVersion, kind, metadata: meta };
}

/** A copy of a stored object that tests may change. */
export function copyOf(document: Document): {
  metadata: Record<string, any>;
  [field: string]: any;
} {
  return structuredClone(document.object) as never;
}

/** The Status of a request that must fail. */
export async function refusal(request: Promise<unknown>): Promise<FailureStatus> {
  try {
    await request;
  } catch (error) {
    if (error instanceof Error && 'status' in error) return error.status as FailureStatus;
    throw error;
  }
  throw new Error('the request was expected to fail');
}

/** The next events of a stream, without ending it. */
export async function take(
  events: AsyncIterator<WatchEvent>,
  count: number,
): Promise<readonly WatchEvent[]> {
  const taken: WatchEvent[] = [];
  while (taken.length < count) {
    const { done, value } = await events.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

/** Events as `ADDED name`. */
export function brief(events: readonly WatchEvent[]): readonly string[] {
  return events.map(({ type, document }) =>
    document === undefined ? type : `${type} ${document.object.metadata.name}`,
  );
}
