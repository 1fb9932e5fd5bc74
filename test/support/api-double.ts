import { isObject, jsonEqual } from '../../src/core/json.ts';
import type { ApiRequest, ApiResponse, Transport } from '../../src/core/transport.ts';

type Json = Record<string, any>;

interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly collection: string;
  readonly object: Json;
}

interface Route {
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
  readonly search: URLSearchParams;
}

/** One write as a test sees it. */
export interface SeenWrite {
  readonly method: string;
  readonly path: string;
  readonly body: Json;
}

class Answer extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

async function* once(value: unknown): AsyncGenerator<Uint8Array> {
  yield Buffer.from(JSON.stringify(value));
}

function merge(target: any, patch: any): any {
  if (!isObject(patch)) return patch;
  const result: Json = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}

/**
 * The few rules of a Kubernetes API that controllers lean on: versions, generations, finalizers,
 * the status subresource, conflicts, watches. In memory, one process.
 */
export class ApiDouble {
  private readonly objects = new Map<string, Json>();
  private readonly history: Change[] = [];
  private readonly wakers = new Set<() => void>();
  private version = 100;
  readonly writes: SeenWrite[] = [];
  /** Called before every request is carried out; may throw to lose it. */
  before: (request: ApiRequest) => void | Promise<void> = () => undefined;
  /** Called after every request was carried out; may throw to lose the answer. */
  after: (request: ApiRequest) => void | Promise<void> = () => undefined;

  readonly transport: Transport = async (request) => {
    await this.before(request);
    const answer = this.answer(request);
    await this.after(request);
    return answer;
  };

  /** Every object of a collection such as `/apis/lamina.dev/v1alpha1/layerversions`. */
  all(collection: string): Json[] {
    return [...this.objects.entries()]
      .filter(([key]) => key.startsWith(`${collection}|`))
      .map(([, object]) => structuredClone(object));
  }

  /** Writes to anything but events. */
  get stateWrites(): SeenWrite[] {
    return this.writes.filter(({ path }) => !path.includes('/events'));
  }

  private answer(request: ApiRequest): ApiResponse {
    const headers = { 'content-type': 'application/json' };
    try {
      const route = this.route(request.path);
      if (request.method === 'GET' && route.search.get('watch') !== null) {
        const body = this.watch(route, request.signal);
        return { status: 200, headers, body };
      }
      return { status: 200, headers, body: once(this.serve(request, route)) };
    } catch (error) {
      if (!(error instanceof Answer)) throw error;
      const { status: code, reason, message } = error;
      const body = once({
        kind: 'Status',
        apiVersion: 'v1',
        status: 'Failure',
        code,
        reason,
        message,
      });
      return { status: code, headers, body };
    }
  }

  private route(path: string): Route {
    const url = new URL(path, 'http://double');
    const parts = url.pathname.slice(1).split('/').map(decodeURIComponent);
    const root = parts.splice(0, parts[0] === 'api' ? 2 : 3);
    const namespace =
      parts[0] === 'namespaces' && parts.length > 2 ? parts.splice(0, 2)[1] : undefined;
    const [plural, name, subresource] = parts;
    const collection = `/${[...root, plural].join('/')}`;
    return { collection, namespace, name, subresource, search: url.searchParams };
  }

  private serve(request: ApiRequest, route: Route): Json {
    const { name } = route;
    if (request.method === 'GET') return name === undefined ? this.list(route) : this.need(route);
    const body = JSON.parse(Buffer.from(request.body ?? []).toString('utf8')) as Json;
    this.writes.push({ method: request.method, path: request.path, body });
    switch (request.method) {
      case 'POST':
        return this.create(route, body);
      case 'PUT':
        return this.update(route, body);
      case 'PATCH':
        return this.update(route, merge(this.need(route), body));
      case 'DELETE':
        return this.remove(route, body);
    }
  }

  private key({ collection, namespace, name }: Route): string {
    return `${collection}|${namespace ?? ''}/${name}`;
  }

  private need(route: Route): Json {
    const object = this.objects.get(this.key(route));
    if (object === undefined) throw new Answer(404, 'NotFound', `"${route.name}" not found`);
    return structuredClone(object);
  }

  private list(route: Route): Json {
    const offset = Number(route.search.get('continue') ?? 0);
    const limit = Number(route.search.get('limit') ?? Infinity);
    const [label, wanted] = route.search.get('labelSelector')?.split('=') ?? [];
    const all = this.all(route.collection).filter(
      ({ metadata }) =>
        (route.namespace === undefined || metadata.namespace === route.namespace) &&
        (label === undefined || metadata.labels?.[label] === wanted),
    );
    const next = offset + limit < all.length ? String(offset + limit) : undefined;
    return {
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: String(this.version), continue: next },
      items: all.slice(offset, offset + limit),
    };
  }

  private create(route: Route, body: Json): Json {
    const named = { ...route, name: body['metadata'].name as string };
    if (this.objects.has(this.key(named))) {
      throw new Answer(409, 'AlreadyExists', `"${named.name}" already exists`);
    }
    const object = structuredClone(body);
    delete object['status'];
    object['metadata'] = {
      ...object['metadata'],
      uid: `uid-${this.version + 1}`,
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    if (route.collection.includes('lamina.dev')) object['status'] = { observedGeneration: -1 };
    return this.store(named, object, 'ADDED');
  }

  private update(route: Route, wanted: Json): Json {
    const before = this.need(route);
    const { resourceVersion, uid } = wanted['metadata'];
    if (resourceVersion !== undefined && resourceVersion !== before['metadata'].resourceVersion) {
      throw new Answer(409, 'Conflict', `"${route.name}": the object has been modified`);
    }
    if (uid !== before['metadata'].uid) throw new Answer(409, 'Conflict', 'uid differs');
    const next: Json =
      route.subresource === 'status'
        ? { ...before, status: wanted['status'] }
        : { ...wanted, status: before['status'] };
    const { generation } = before['metadata'];
    const isEdit = !jsonEqual(before['spec'], next['spec']);
    next['metadata'] = { ...next['metadata'], generation: generation + (isEdit ? 1 : 0) };
    if (jsonEqual(before, next)) return before;
    const { deletionTimestamp, finalizers = [] } = next['metadata'];
    const isOver = deletionTimestamp !== undefined && finalizers.length === 0;
    return this.store(route, next, isOver ? 'DELETED' : 'MODIFIED');
  }

  private remove(route: Route, options: Json): Json {
    const object = this.need(route);
    const { metadata } = object;
    const { uid } = options['preconditions'] ?? {};
    if (uid !== undefined && uid !== metadata.uid) throw new Answer(409, 'Conflict', 'uid differs');
    if ((metadata.finalizers ?? []).length === 0) return this.store(route, object, 'DELETED');
    if (metadata.deletionTimestamp !== undefined) return object;
    metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    metadata.generation += 1;
    return this.store(route, object, 'MODIFIED');
  }

  private store(route: Route, object: Json, type: Change['type']): Json {
    this.version += 1;
    object['metadata'].resourceVersion = String(this.version);
    if (type === 'DELETED') this.objects.delete(this.key(route));
    else this.objects.set(this.key(route), object);
    this.history.push({ type, collection: route.collection, object: structuredClone(object) });
    for (const wake of this.wakers) wake();
    return structuredClone(object);
  }

  private async *watch(route: Route, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const from = Number(route.search.get('resourceVersion'));
    let at = this.history.findIndex(
      ({ object }) => Number(object['metadata'].resourceVersion) > from,
    );
    if (at === -1) at = this.history.length;
    for (;;) {
      if (signal?.aborted === true) return;
      const change = this.history[at];
      if (change === undefined) {
        await this.news(signal);
        continue;
      }
      at += 1;
      if (change.collection !== route.collection) continue;
      const { type, object } = change;
      yield Buffer.from(`${JSON.stringify({ type, object })}\n`);
    }
  }

  private news(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = () => {
      this.wakers.delete(wake);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    this.wakers.add(wake);
    signal?.addEventListener('abort', wake);
    return promise;
  }
}
