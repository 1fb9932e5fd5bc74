import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refused, refusalOf } from './refused.ts';
import type { Refusal } from '../wire.ts';

const STATUS: Readonly<Record<Refusal['code'], number>> = {
  NotFound: 404,
  Busy: 409,
  Changed: 412,
  DiskFull: 507,
  Unauthorized: 401,
  Bad: 400,
  Broken: 500,
};

const LONGEST_BODY_BYTES = 2 ** 20;

/** The JSON that came with a request. */
export async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LONGEST_BODY_BYTES) throw new Refused('Bad', 'this is too long');
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

/** Answers with why not. */
export function refuse(response: ServerResponse, error: unknown): void {
  const refusal = refusalOf(error);
  if (response.headersSent) response.destroy();
  else answer(response, STATUS[refusal.code], refusal);
}
