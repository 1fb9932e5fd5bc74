/** One request to an API server; paths begin with a slash and carry the query. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
}

/** The answer; a watch's body goes on until the server or the signal ends it. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** How requests travel: over the network, or as a direct call into the embedded server. */
export type Transport = (request: ApiRequest) => Promise<ApiResponse>;
