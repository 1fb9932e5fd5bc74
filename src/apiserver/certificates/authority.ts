import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isMissing, writeFileAtomic } from '../../host/files.ts';
import { createAuthority, createServerCertificate, type KeyedCertificate } from './certificate.ts';

const DAY_MS = 86_400_000;
const AUTHORITY_MS = 3650 * DAY_MS;
const SERVER_MS = 365 * DAY_MS;
/** Clocks of clients may be behind ours, and ours may be set back by whoever finds it wrong. */
const SKEW_MS = 365 * DAY_MS;
/** An authority is replaced well before the certificates that it signs would outlive it. */
const RENEW_BEFORE_MS = 2 * SERVER_MS;

function split(pem: string): KeyedCertificate | undefined {
  const blocks = pem.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----\n/g) ?? [];
  const certificate = blocks.find((block) => block.includes('BEGIN CERTIFICATE'));
  const key = blocks.find((block) => block.includes('BEGIN PRIVATE KEY'));
  return certificate === undefined || key === undefined ? undefined : { certificate, key };
}

function usable(pem: string, nowMs: number): KeyedCertificate | undefined {
  const parts = split(pem);
  if (parts === undefined) return undefined;
  try {
    const { validTo, validFrom } = new X509Certificate(parts.certificate);
    const fits = Date.parse(validFrom) <= nowMs && nowMs < Date.parse(validTo) - RENEW_BEFORE_MS;
    return fits ? parts : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The authority kept in a file of mode 0600; made when it is missing, damaged or near its end. So a
 * copy of the kubeconfig stays good over restarts.
 */
export async function keptAuthority(path: string, nowMs: number): Promise<KeyedCertificate> {
  const kept = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
  const found = usable(kept, nowMs);
  if (found !== undefined) return found;
  const made = createAuthority('lamina', {
    fromMs: nowMs - SKEW_MS,
    untilMs: nowMs + AUTHORITY_MS,
  });
  await writeFileAtomic(path, made.certificate + made.key, 0o600);
  return made;
}

/** A server certificate for a year; it lives in memory only and is made anew at each start. */
export function serverCertificate(
  authority: KeyedCertificate,
  hosts: readonly string[],
  nowMs: number,
): KeyedCertificate {
  return createServerCertificate(authority, hosts, {
    fromMs: nowMs - SKEW_MS,
    untilMs: nowMs + SERVER_MS,
  });
}

/** How often the certificate of a running server is replaced: so often that no correction of the clock matters. */
export const SERVER_RENEWAL_MS = DAY_MS;
