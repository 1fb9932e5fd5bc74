import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { denied, Failure, impossible, messageOf } from '../../../../src/core/failure.ts';
import { isObject } from '../../../../src/core/json.ts';
import type { Credential } from '../../../../src/connectors/connector.ts';

/** One request to the platform. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly json?: unknown;
  readonly bytes?: { readonly open: () => Readable; readonly length: number };
  readonly signal: AbortSignal;
}

/** What came back. */
export interface Reply {
  readonly status: number;
  readonly body: Readable;
}

/** How calls travel: over the network, or through something that breaks them on the way. */
export type Send = (call: Call, go: () => Promise<Reply>) => Promise<Reply>;

/** Where to, and as whom. */
export interface HttpOptions {
  readonly url: string;
  readonly credential: Credential;
  readonly send?: Send;
}

const ANSWER_MS = 10_000;
/** Bytes that were sent are converted before they are answered for. */
const BYTES_ANSWER_MS = 600_000;
const LONGEST_ANSWER_BYTES = 64 * 2 ** 20;

const CONSEQUENCES = {
  NotFound: 'Lost',
  Busy: 'Busy',
  Changed: 'Conflict',
  DiskFull: 'Denied',
  Bad: 'Impossible',
} as const;

/** The platform's own words as a failure. */
export function refused(code: string, message: string): Failure {
  const consequence = Object.hasOwn(CONSEQUENCES, code)
    ? CONSEQUENCES[code as keyof typeof CONSEQUENCES]
    : 'Transient';
  return new Failure({ consequence, code: `Platform${code}`, message: `the platform: ${message}` });
}

/** A URL without anything secret in it. */
function checkUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== '') {
    const hint = 'Give the address alone; user and password belong into the Secret.';
    throw impossible('BadUrl', 'the address of the platform cannot be used', hint);
  }
  return url.origin;
}

/** Speaks to the platform; logs in when it has to, once for each call. */
export class Http {
  readonly url: string;
  private readonly credential: Credential;
  private readonly send: Send;
  private readonly agent = new Agent({
    headersTimeout: ANSWER_MS,
    bodyTimeout: 30_000,
    // No connection outlives its call: jobs have nothing to close, and their processes must end.
    pipelining: 0,
  });
  private readonly closing = new AbortController();
  private token: Promise<string> | undefined;

  constructor(options: HttpOptions) {
    this.url = checkUrl(options.url);
    this.credential = options.credential;
    this.send = options.send ?? ((_, go) => go());
  }

  /** Asks for JSON. A refusal is thrown as a failure. */
  async ask(call: Call): Promise<unknown> {
    const { status, body } = await this.open(call);
    const answer = await json(body, status);
    if (status < 300) return answer;
    throw refusalIn(answer, status);
  }

  /** Asks for bytes. */
  async fetch(call: Call): Promise<Readable> {
    const { status, body } = await this.open(call);
    if (status < 300) return body;
    throw refusalIn(await json(body, status), status);
  }

  /** Logs in afresh; whoever calls next uses it. */
  async logIn(): Promise<void> {
    this.token = this.newToken();
    await this.token;
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.agent.destroy();
  }

  private async open(call: Call): Promise<Reply> {
    const first = await this.withToken(call);
    if (first.status !== 401) return first;
    await json(first.body, first.status);
    this.token = undefined;
    return this.withToken(call);
  }

  private async withToken(call: Call): Promise<Reply> {
    call.signal.throwIfAborted();
    this.token ??= this.newToken();
    const mine = this.token;
    const token = await mine.catch((error: unknown) => {
      if (this.token === mine) this.token = undefined;
      throw error;
    });
    call.signal.throwIfAborted();
    return this.send(call, () => this.go(call, token));
  }

  /** Shared by all calls, so that no caller's end may end it. */
  private async newToken(): Promise<string> {
    const { username: user = '', password = '' } = this.credential;
    const { signal } = this.closing;
    const login: Call = { method: 'POST', path: '/session', json: { user, password }, signal };
    const { status, body } = await this.send(login, () => this.go(login, undefined));
    const answer = await json(body, status);
    if (status === 401) {
      const hint = 'Correct username and password in the Secret.';
      throw denied('WrongCredentials', `${this.url} refuses user and password`, hint);
    }
    const token = isObject(answer) ? answer['token'] : undefined;
    if (typeof token !== 'string') throw this.lost('an answer without a token');
    return token;
  }

  private async go(call: Call, token: string | undefined): Promise<Reply> {
    const { method, path, bytes, signal } = call;
    const body = bytes?.open() ?? (call.json === undefined ? null : JSON.stringify(call.json));
    try {
      const { statusCode, body: answer } = await request(`${this.url}${path}`, {
        method,
        body,
        signal,
        dispatcher: this.agent,
        ...(bytes === undefined ? {} : { headersTimeout: BYTES_ANSWER_MS }),
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(bytes === undefined ? {} : { 'content-length': String(bytes.length) }),
        },
      });
      return { status: statusCode, body: answer };
    } catch (error) {
      signal.throwIfAborted();
      throw this.lost(messageOf(error));
    }
  }

  private lost(why: string): Failure {
    const message = `no answer from ${this.url}: ${why}`;
    return new Failure({ consequence: 'Lost', code: 'PlatformLost', message });
  }
}

function refusalIn(answer: unknown, status: number): Failure {
  const { code, message } = isObject(answer) ? answer : {};
  if (typeof code === 'string' && typeof message === 'string') return refused(code, message);
  return refused(`Status${status}`, `an answer with status ${status}`);
}

async function json(body: Readable, status: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LONGEST_ANSWER_BYTES) throw refused('TooLong', 'an answer that does not end');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw refused('Broken', `an answer that is not JSON, with status ${status}`);
  }
}
