import { createHash } from 'node:crypto';
import { canonicalJson } from './json.ts';

/** A content digest as OCI writes it: `sha256:` and 64 lower-case hex digits. */
export type Digest = `sha256:${string}`;

const PATTERN = /^sha256:[0-9a-f]{64}$/;

/** True for a well-formed sha256 digest; the only algorithm that every registry takes. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && PATTERN.test(text);
}

/** The digest of some bytes. */
export function sha256(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The hex part of a digest, as blob files are named. */
export function hexOf(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** The digest of a value by its canonical JSON. */
export function digestOf(value: unknown): Digest {
  return sha256(canonicalJson(value));
}

/** The eight hex digits that end our object names and tags. */
export function hash8(digest: Digest): string {
  return hexOf(digest).slice(0, 8);
}
