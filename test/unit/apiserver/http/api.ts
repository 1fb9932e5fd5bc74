import { systemClock } from '../../../../src/host/clock.ts';
import { silentLog } from '../../../../src/host/log.ts';
import { createHandler } from '../../../../src/apiserver/http/handler.ts';
import { openApiServerCore } from '../../../../src/apiserver/open.ts';
import type { ApiRequest, ApiResponse } from '../../../../src/core/transport.ts';

/** A request whose parts may be left out. */
export interface Ask {
  readonly method?: ApiRequest['method'];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text, bytes, or an object that is sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** The whole answer. */
export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly json: any;
}

function bytesOf(body: unknown): Uint8Array | undefined {
  if (body === undefined) return undefined;
  if (body instanceof Uint8Array) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** The text of a body. */
export async function textOf(response: ApiResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** The API over a database in memory, called directly. */
export async function openApi() {
  const core = await openApiServerCore({
    path: ':memory:',
    clock: systemClock,
    random: Math.random,
    newUid: () => crypto.randomUUID(),
    log: silentLog,
  });
  const handler = createHandler({
    objects: core.service,
    resources: core.resources,
    clock: systemClock,
    log: silentLog,
    version: '1.2.3',
  });
  const send = ({ method = 'GET', path, headers = {}, body, signal }: Ask) => {
    const bytes = bytesOf(body);
    const typed =
      bytes === undefined ? headers : { 'content-type': 'application/json', ...headers };
    return handler({
      method,
      path,
      headers: typed,
      ...(bytes === undefined ? {} : { body: bytes }),
      ...(signal === undefined ? {} : { signal }),
    });
  };
  const ask = async (request: Ask): Promise<Told> => {
    const response = await send(request);
    const text = await textOf(response);
    const isJson = response.headers['content-type']?.startsWith('application/json') === true;
    const json: unknown = isJson && text !== '' ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, json };
  };
  return { send, ask, close: () => core.close() };
}

/** Where the tests keep their config maps. */
export const MAPS = '/api/v1/namespaces/default/configmaps';
/** Where the tests keep their layers. */
export const LAYERS = '/apis/lamina.dev/v1alpha1/namespaces/default/oslayers';

/** A layer that is valid. */
export function layer(name: string, displayName = 'x') {
  const disk = { file: 'os.raw', format: 'raw', sha256: 'ab'.repeat(32) };
  return {
    apiVersion: 'lamina.dev/v1alpha1',
    kind: 'OSLayer',
    metadata: { name },
    spec: { displayName, versions: [{ name: '1', import: { disk } }] },
  };
}

/** One layer and one config map, both called `kept`. */
export async function fill(ask: (request: Ask) => Promise<Told>): Promise<void> {
  await ask({ method: 'POST', path: LAYERS, body: layer('kept') });
  const map = { metadata: { name: 'kept' }, data: { a: 'b' } };
  await ask({ method: 'POST', path: MAPS, body: map });
}

/** Asks for a Table. */
export const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
/** Asks for bare metadata of one object. */
export const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
/** Asks for bare metadata of a list. */
export const PARTIALS = {
  accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
};

/** Says what a body is. */
export function type(media: string): Readonly<Record<string, string>> {
  return { 'content-type': media };
}
