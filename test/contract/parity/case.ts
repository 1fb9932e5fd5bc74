/** One raw request of a case. */
export interface Ask {
  readonly method: string;
  /**
   * Path and query. `{ns}` stands for the namespace of the case, `{0.metadata.uid}` for a field of the
   * answer to its first request; both work in headers and bodies too.
   */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text or bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
  /** Asks again until the answer is so, for what happens behind the request. */
  readonly until?: Wanted;
  /** Reads a stream up to this many events; without it, to its end. */
  readonly events?: number;
  /** The part of the body that is compared, where the real server tells of more than we serve. */
  readonly pick?: (body: unknown) => unknown;
}

/** What an answer is waited for: a status, or a text in the body. */
export interface Wanted {
  readonly status?: number;
  readonly text?: string;
}

/** A few requests that both servers must answer alike, in a namespace of their own. */
export interface Case {
  readonly why: string;
  readonly asks: readonly Ask[];
}

/** Cases of one part of the API, as the checklist of the embedded API groups them. */
export interface Group {
  readonly name: string;
  readonly cases: readonly Case[];
}

type More = Partial<Omit<Ask, 'method' | 'path' | 'body'>>;

function typed(type: string, { headers, ...more }: More = {}): More {
  return { ...more, headers: { 'content-type': type, ...headers } };
}

/** A case: why it is there, and what is asked. */
export function asking(why: string, ...asks: readonly Ask[]): Case {
  return { why, asks };
}

/** Reads. */
export function get(path: string, more: More = {}): Ask {
  return { method: 'GET', path, ...more };
}

/** Creates. */
export function post(path: string, body: unknown, more?: More): Ask {
  return { method: 'POST', path, body, ...typed('application/json', more) };
}

/** Replaces. */
export function put(path: string, body: unknown, more?: More): Ask {
  return { method: 'PUT', path, body, ...typed('application/json', more) };
}

/** Patches by the rules of RFC 7386. */
export function merge(path: string, body: unknown, more?: More): Ask {
  return { method: 'PATCH', path, body, ...typed('application/merge-patch+json', more) };
}

/** Patches by the rules of RFC 6902. */
export function jsonPatch(path: string, body: unknown, more?: More): Ask {
  return { method: 'PATCH', path, body, ...typed('application/json-patch+json', more) };
}

/** Patches by the rules that Kubernetes has for its own kinds. */
export function strategic(path: string, body: unknown, more?: More): Ask {
  return { method: 'PATCH', path, body, ...typed('application/strategic-merge-patch+json', more) };
}

/** Who applies, and whether it takes fields of others. */
interface Applier {
  readonly manager: string;
  readonly force: boolean;
}

/** Applies on the server's side. */
export function applying(path: string, body: unknown, { manager, force }: Applier): Ask {
  const query = `${path.includes('?') ? '&' : '?'}fieldManager=${manager}${force ? '&force=true' : ''}`;
  return {
    method: 'PATCH',
    path: `${path}${query}`,
    body,
    ...typed('application/apply-patch+yaml'),
  };
}

/** Deletes, with DeleteOptions if there is a body. */
export function remove(path: string, body?: unknown, more?: More): Ask {
  if (body === undefined) return { method: 'DELETE', path, ...more };
  return { method: 'DELETE', path, body, ...typed('application/json', more) };
}
