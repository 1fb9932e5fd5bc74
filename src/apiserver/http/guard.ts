import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { RequestHead } from './exchange.ts';
import { targetOf } from './handler.ts';
import { HEALTH_PATHS } from './health.ts';
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
function assertNoBrowser(head: RequestHead, names: ReadonlySet<string>): void {
  if (head.headers['origin'] !== undefined) {
    throw forbiddenRequest('requests from web pages are refused');
  }
  const { host } = head.headers;
  const name = host === undefined ? undefined : hostName(host);
  if (name === undefined || (isIP(name) === 0 && !names.has(name))) {
    throw forbiddenRequest('the request names a host that is not this server');
  }
}

function bearerToken(head: RequestHead): string | undefined {
  return head.headers['authorization']?.match(/^bearer +(\S+)$/i)?.[1];
}

/**
 * A check that throws 403 for requests of web pages, and 401 for those without the token unless they
 * ask for health. Says whether the token was there.
 */
export function guard({ token, hosts }: GuardOptions): (head: RequestHead) => boolean {
  const names = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  const expected = fingerprint(token);
  return (head) => {
    assertNoBrowser(head, names);
    const given = bearerToken(head);
    if (given !== undefined && timingSafeEqual(fingerprint(given), expected)) return true;
    // A body would have to be waited for.
    const isHealth = head.method === 'GET' && HEALTH_PATHS.has(targetOf(head.path).path);
    if (!isHealth) throw unauthorized();
    return false;
  };
}
