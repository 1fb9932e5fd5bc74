import type { ApiList, ApiObject } from '../api/object.ts';
import { isFailure, messageOf, Failure } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import type { ApiRequest, ApiResponse, Transport } from '../core/transport.ts';
import { turnOver } from '../host/turn.ts';
import { abortable, abortableStream } from './abortable.ts';
import { textOf } from './lines.ts';
import { apiVersionOf, pathOf, type KubeObject, type Resource } from './resource.ts';
import { isExpired, statusFailure } from './status-failure.ts';
import { watchEvents, type WatchEvent } from './watch.ts';

/** Objects per page of a list: few enough that reading one holds up nobody. */
const PAGE_SIZE = 200;
/** Largest answer that is read: a page of the largest objects that etcd takes, with room. */
const MAX_ANSWER_BYTES = 2 ** 28;

/** Names one object of a resource. */
interface ObjectName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Which objects of a resource. */
interface Selection {
  /** All namespaces if left out. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly signal?: AbortSignal;
}

/** A watch from a known version on. */
interface WatchOptions extends Selection {
  readonly resourceVersion: string;
  /** After how long the server should end the watch; its own choice if left out. */
  readonly timeoutSeconds?: number;
}

/** How a write goes. */
interface WriteOptions {
  readonly subresource?: 'status';
  readonly signal?: AbortSignal;
}

/** What must hold for a deletion, and how far it goes. */
interface RemoveOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly signal?: AbortSignal;
}

/** The API of a cluster or of the embedded server. Every error is a `Failure`. */
export interface KubeClient {
  /** Undefined if there is no such object. */
  get<Item extends KubeObject = ApiObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    signal?: AbortSignal,
  ): Promise<Item | undefined>;
  /** The newest state, read in pages to the end. */
  list<Item extends KubeObject = ApiObject>(
    resource: Resource,
    selection?: Selection,
  ): Promise<ApiList<Item>>;
  create<Item extends KubeObject>(
    resource: Resource,
    object: Item,
    options?: WriteOptions,
  ): Promise<Item>;
  replace<Item extends KubeObject>(
    resource: Resource,
    object: Item,
    options?: WriteOptions,
  ): Promise<Item>;
  /** JSON merge patch; put `metadata.resourceVersion` into it to lose no foreign edit. */
  mergePatch<Item extends KubeObject = ApiObject>(
    resource: Resource,
    target: ObjectName,
    patch: unknown,
    options?: WriteOptions,
  ): Promise<Item>;
  /** Deletes; an object that is missing is fine. Returns what finalizers keep of it for now. */
  remove(
    resource: Resource,
    target: ObjectName,
    options?: RemoveOptions,
  ): Promise<KubeObject | undefined>;
  /** Events after a version, bookmarks among them, until server or signal ends the stream. */
  watch<Item extends KubeObject = ApiObject>(
    resource: Resource,
    options: WatchOptions,
  ): AsyncIterable<WatchEvent<Item>>;
}

interface Ask {
  readonly method: ApiRequest['method'];
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

function lost(asked: string, error: unknown, signal: AbortSignal | undefined): Failure {
  if (isFailure(error)) return error;
  const aborted = signal?.aborted === true;
  const code = aborted ? 'Aborted' : 'ConnectionLost';
  const message = aborted ? `${asked}: stopped` : `${asked}: ${messageOf(error)}`;
  return new Failure({ consequence: 'Lost', code, message }, error);
}

function query(parts: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parts)) {
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lostAnswer(asked: string): Failure {
  const message = `${asked}: the answer is no JSON object`;
  return new Failure({ consequence: 'Lost', code: 'BadAnswer', message });
}

/** Makes a client over a transport. */
export function kubeClient(
  transport: Transport,
  options: { readonly userAgent?: string } = {},
): KubeClient {
  return new Client(transport, options.userAgent ?? 'lamina');
}

class Client implements KubeClient {
  private readonly transport: Transport;
  private readonly userAgent: string;

  constructor(transport: Transport, userAgent: string) {
    this.transport = transport;
    this.userAgent = userAgent;
  }

  async get<Item extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    signal?: AbortSignal,
  ): Promise<Item | undefined> {
    try {
      return await this.json<Item>({
        method: 'GET',
        path: pathOf(resource, namespace, name),
        signal,
      });
    } catch (error) {
      if (isFailure(error) && isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<Item extends KubeObject>(
    resource: Resource,
    selection: Selection = {},
  ): Promise<ApiList<Item>> {
    try {
      return await this.pages(resource, selection, PAGE_SIZE);
    } catch (error) {
      // The server compacted between two pages. One answer without pages cannot expire.
      if (!isFailure(error) || !isExpired(error)) throw error;
      return this.pages(resource, selection, undefined);
    }
  }

  private async pages<Item extends KubeObject>(
    resource: Resource,
    selection: Selection,
    limit: number | undefined,
  ): Promise<ApiList<Item>> {
    const { namespace, labelSelector, signal } = selection;
    const path = pathOf(resource, namespace);
    const identity = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    const items: Item[] = [];
    let token: string | undefined;
    for (;;) {
      // A direct call answers without waiting: thousands of objects would be one long stall.
      await turnOver();
      const search = query({ labelSelector, limit, continue: token });
      const page = await this.json<ApiList<Item>>({ method: 'GET', path: path + search, signal });
      if (!Array.isArray(page.items) || !isObject(page.metadata)) throw lostAnswer(`GET ${path}`);
      // Lists of built-in kinds leave out what every item has in common.
      for (const item of page.items) items.push({ ...identity, ...item });
      token = page.metadata.continue;
      if (token === undefined || token === '') return { ...page, items };
    }
  }

  create<Item extends KubeObject>(
    resource: Resource,
    object: Item,
    options: WriteOptions = {},
  ): Promise<Item> {
    const path = pathOf(resource, object.metadata.namespace);
    return this.json({ method: 'POST', path, body: object, signal: options.signal });
  }

  replace<Item extends KubeObject>(
    resource: Resource,
    object: Item,
    options: WriteOptions = {},
  ): Promise<Item> {
    const { namespace, name } = object.metadata;
    const path = pathOf(resource, namespace, name, options.subresource);
    return this.json({ method: 'PUT', path, body: object, signal: options.signal });
  }

  mergePatch<Item extends KubeObject>(
    resource: Resource,
    target: ObjectName,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<Item> {
    return this.json({
      method: 'PATCH',
      path: pathOf(resource, target.namespace, target.name, options.subresource),
      body: patch,
      contentType: 'application/merge-patch+json',
      signal: options.signal,
    });
  }

  async remove(
    resource: Resource,
    target: ObjectName,
    options: RemoveOptions = {},
  ): Promise<KubeObject | undefined> {
    const { uid, resourceVersion, propagation, signal } = options;
    const path = pathOf(resource, target.namespace, target.name);
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid, resourceVersion },
      propagationPolicy: propagation,
    };
    try {
      const left = await this.json<KubeObject>({ method: 'DELETE', path, body, signal });
      return left.metadata?.deletionTimestamp === undefined ? undefined : left;
    } catch (error) {
      if (isFailure(error) && isNotFound(error)) return undefined;
      throw error;
    }
  }

  async *watch<Item extends KubeObject>(
    resource: Resource,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<Item>, void, undefined> {
    const { namespace, labelSelector, resourceVersion, timeoutSeconds, signal } = options;
    const search = query({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion,
      labelSelector,
      timeoutSeconds,
    });
    const path = pathOf(resource, namespace) + search;
    const asked = `watch of ${resource.plural}`;
    const answer = await this.send({ method: 'GET', path, signal });
    try {
      yield* watchEvents<Item>(answer.body, asked, signal);
    } catch (error) {
      throw lost(asked, error, signal);
    }
  }

  private async json<Answer>(ask: Ask): Promise<Answer> {
    const asked = `${ask.method} ${ask.path}`;
    const answer = await this.send(ask);
    const body = parsed(await this.text(answer, asked, ask.signal));
    if (!isObject(body)) throw lostAnswer(asked);
    return body as Answer;
  }

  /** Sends a request; whatever is no success becomes a failure. */
  private async send(ask: Ask): Promise<ApiResponse> {
    const { method, path, body, contentType = 'application/json', signal } = ask;
    const asked = `${method} ${path}`;
    const headers = { accept: 'application/json', 'user-agent': this.userAgent };
    let answer: ApiResponse;
    try {
      const sent = this.transport({
        method,
        path,
        headers: body === undefined ? headers : { ...headers, 'content-type': contentType },
        ...(body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) }),
        ...(signal === undefined ? {} : { signal }),
      });
      answer = await abortable(sent, signal);
    } catch (error) {
      throw lost(asked, error, signal);
    }
    if (answer.status >= 200 && answer.status < 300) return answer;
    const content = parsed(await this.text(answer, asked, signal));
    const retryAfter = answer.headers['retry-after'];
    throw statusFailure({ status: answer.status, body: content, retryAfter, asked });
  }

  private async text(
    answer: ApiResponse,
    asked: string,
    signal: AbortSignal | undefined,
  ): Promise<string> {
    try {
      return await textOf(abortableStream(answer.body, signal), MAX_ANSWER_BYTES);
    } catch (error) {
      throw lost(asked, error, signal);
    }
  }
}

/** True for the failure of an object, or a whole kind, that is not there. */
export function isNotFound(error: { readonly code: string }): boolean {
  return error.code === 'NotFound' || error.code === 'Http404';
}
