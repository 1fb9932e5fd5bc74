import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { RequestHead } from './exchange.ts';
import { targetOf } from './handler.ts';
import { isHealthPath } from './health.ts';
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

/** There is one user. To do silently with all rights what was asked in the name of another would be wrong. */
function assertItself(head: RequestHead): void {
  if (Object.keys(head.headers).some((name) => name.startsWith('impersonate-'))) {
    throw forbiddenRequest('impersonation is refused, because there is one user');
  }
}

function bearerToken(head: RequestHead): string | undefined {
  return head.headers['authorization']?.match(/^bearer +(\S+)$/i)?.[1];
}

/**
 * A check that throws 403 for requests of web pages, 401 for those with another token or none unless
 * they ask for health, and 403 for those who speak in the name of others. Says whether the token was there.
 */
export function guard({ token, hosts }: GuardOptions): (head: RequestHead) => boolean {
  const names = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  const expected = fingerprint(token);
  return (head) => {
    assertNoBrowser(head, names);
    const given = bearerToken(head);
    if (given !== undefined && timingSafeEqual(fingerprint(given), expected)) {
      assertItself(head);
      return true;
    }
    // A body would have to be waited for.
    const isHealth = head.method === 'GET' && isHealthPath(targetOf(head.path).path);
    if (given !== undefined || !isHealth) throw unauthorized();
    return false;
  };
}
