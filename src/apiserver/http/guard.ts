import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { ApiRequest, Transport } from '../../core/transport.ts';
import { isApiError } from '../objects/errors.ts';
import { errorAnswer } from './answer.ts';
import { HEALTH_PATHS } from './documents.ts';
import { targetOf } from './handler.ts';
import { forbiddenRequest, unauthorized } from './refusals.ts';

/** Who is let in. */
export interface GuardOptions {
  readonly token: string;
  /** Host names that requests may use besides IP addresses and localhost. */
  readonly hosts: readonly string[];
}

function fingerprint(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function hostName(host: string): string {
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(host);
  return (bracketed?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase();
}

/**
 * A page in a browser can be made to send requests here under a name of its own (DNS rebinding), but
 * not under an address, and not without an Origin once it matters.
 */
function assertNoBrowser(request: ApiRequest, names: ReadonlySet<string>): void {
  if (request.headers['origin'] !== undefined) {
    throw forbiddenRequest('requests from web pages are refused');
  }
  const name = hostName(request.headers['host'] ?? '');
  if (isIP(name) === 0 && !names.has(name)) {
    throw forbiddenRequest('the request names a host that is not this server');
  }
}

function bearerToken(request: ApiRequest): string | undefined {
  return /^bearer +(\S+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
}

/** Lets through what carries the token and comes from no web page. */
export function guarded(handler: Transport, { token, hosts }: GuardOptions): Transport {
  const names = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  const expected = fingerprint(token);
  return async (request) => {
    try {
      assertNoBrowser(request, names);
      const given = bearerToken(request);
      const known = given !== undefined && timingSafeEqual(fingerprint(given), expected);
      if (!known && !HEALTH_PATHS.has(targetOf(request.path).path)) throw unauthorized();
    } catch (error) {
      if (isApiError(error)) return errorAnswer(error);
      throw error;
    }
    return handler(request);
  };
}
