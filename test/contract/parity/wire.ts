import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import type { Ask } from './case.ts';

/** What a server answered, as it was on the wire. */
export interface Answer {
  /** 0 if there was none. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed if it is JSON; a list of events if it is a stream. */
  readonly body: unknown;
}

/** A server that raw requests can be sent to. */
export interface Wire {
  send(ask: Ask): Promise<Answer>;
  close(): void;
}

interface Kubeconfig {
  readonly clusters: readonly [
    {
      readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
    },
  ];
  readonly users: readonly [{ readonly user: { readonly token: string } }];
}

const LIMIT_MS = 30_000;

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]),
  );
}

/** The text of an answer, or as many lines of it as are wanted. */
async function textOf(answer: IncomingMessage, lines = Infinity): Promise<string> {
  let text = '';
  answer.setEncoding('utf8');
  for await (const chunk of answer) {
    text += String(chunk);
    if (text.split('\n').length > lines) break;
  }
  return text;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

async function read(answer: IncomingMessage, ask: Ask): Promise<Answer> {
  const isStream = /[?&]watch=(true|1)/.test(ask.path) && answer.statusCode === 200;
  const text = await textOf(answer, isStream ? ask.events : undefined);
  const lines = text.split('\n').filter((line) => line !== '');
  const type = answer.headers['content-type'];
  const whole = /^(application\/json|text\/plain)/.test(type ?? '') ? json(text) : text;
  const body = isStream ? lines.slice(0, ask.events).map(json) : whole;
  return { status: answer.statusCode ?? 0, headers: headersOf(answer), body };
}

function bytesOf(body: unknown): string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
}

function send(options: RequestOptions, url: string, ask: Ask): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const failed = (error: Error) =>
    resolve({ status: 0, headers: {}, body: `no answer: ${error.message}` });
  const asked = request(url, options, (answer) => {
    // A server that refuses a long body may close before all of it is there.
    read(answer, ask).then(resolve, failed);
  });
  asked.on('error', failed);
  const body = ask.body === undefined ? undefined : bytesOf(ask.body);
  if (body !== undefined) asked.setHeader('content-length', Buffer.byteLength(body));
  asked.end(body);
  return promise;
}

/** A wire to the server of a kubeconfig, with its token unless a request has another. */
export async function openWire(kubeconfig: string): Promise<Wire> {
  const { clusters, users } = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const { server, 'certificate-authority-data': authority } = clusters[0].cluster;
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(authority, 'base64') });
  const authorization = `Bearer ${users[0].user.token}`;
  return {
    send: (ask) => {
      const headers = { authorization, accept: 'application/json', ...ask.headers };
      const signal = AbortSignal.timeout(LIMIT_MS);
      return send({ agent, method: ask.method, headers, signal }, `${server}${ask.path}`, ask);
    },
    close: () => agent.destroy(),
  };
}
