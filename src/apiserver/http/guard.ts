import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { HEALTH_PATHS } from './documents.ts';
import type { RequestHead } from './exchange.ts';
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
function assertNoBrowser(head: RequestHead, names: ReadonlySet<string>): void {
  if (head.headers['origin'] !== undefined) {
    throw forbiddenRequest('requests from web pages are refused');
  }
  const name = hostName(head.headers['host'] ?? '');
  if (isIP(name) === 0 && !names.has(name)) {
    throw forbiddenRequest('the request names a host that is not this server');
  }
}

function bearerToken(head: RequestHead): string | undefined {
  return /^bearer +(\S+)$/i.exec(head.headers['authorization'] ?? '')?.[1];
}

/** A check that throws 401 for requests without the token, and 403 for those of web pages. */
export function guard({ token, hosts }: GuardOptions): (head: RequestHead) => void {
  const names = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  const expected = fingerprint(token);
  return (head) => {
    assertNoBrowser(head, names);
    const given = bearerToken(head);
    const known = given !== undefined && timingSafeEqual(fingerprint(given), expected);
    if (!known && !HEALTH_PATHS.has(targetOf(head.path).path)) throw unauthorized();
  };
}
