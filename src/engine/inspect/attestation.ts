import { sha256, type Digest } from '../../core/digest.ts';
import { isObject } from '../../core/json.ts';
import { cleanLine, cleanText } from '../../core/text.ts';
import { GUEST_HOME } from '../compose/inject.ts';
import { wholeContent } from '../content.ts';
import type { VolumeReader } from '../volume.ts';

/** What the guest tool wrote before it powered the machine off. */
export interface Attestation {
  readonly nonce: string;
  readonly result: 'clean' | 'failed' | 'blocked';
  readonly step: number;
  readonly exitCode: number;
  readonly log: string;
  readonly reasons: readonly string[];
}

const PATH = `${GUEST_HOME}/attestation.json`;
const MOST_BYTES = 65_536;

/** The content of a file if it is one and not absurdly large. */
export function smallFile(
  volume: VolumeReader,
  path: string,
  mostBytes: number,
): Buffer | undefined {
  const inode = volume.lookup(path);
  if (inode === undefined) return undefined;
  const { type, sizeBytes } = volume.meta(inode);
  if (type !== 'file' || sizeBytes > mostBytes) return undefined;
  return Buffer.concat([...wholeContent(volume.pieces(inode), sizeBytes)]);
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function numberOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : -1;
}

/** The log comes in hex; control characters are dropped, since people will read it in a terminal. */
function logOf(value: unknown): string {
  if (typeof value !== 'string' || !/^(?:[0-9a-f]{2}){0,4096}$/.test(value)) return '';
  return cleanText(Buffer.from(value, 'hex').toString('utf8'));
}

function reasonsOf(value: unknown): readonly string[] {
  const first = Array.isArray(value) ? value.slice(0, 16) : [];
  return first
    .filter((one): one is string => typeof one === 'string' && one.length < 100)
    .map((text) => cleanLine(text))
    .filter((text) => text !== '');
}

/** Digest of the attestation as it lies there, whatever it says; undefined if there is none. */
export function attestationDigest(volume: VolumeReader): Digest | undefined {
  const bytes = smallFile(volume, PATH, MOST_BYTES);
  return bytes === undefined ? undefined : sha256(bytes);
}

/** Reads what the guest tool attested; anything else that lies there counts as nothing. */
export function readAttestation(volume: VolumeReader): Attestation | undefined {
  const bytes = smallFile(volume, PATH, MOST_BYTES);
  const value = bytes === undefined ? undefined : parse(bytes);
  if (!isObject(value) || value['format'] !== 1) return undefined;
  const { nonce, result, reasons } = value;
  if (typeof nonce !== 'string') return undefined;
  if (result !== 'clean' && result !== 'failed' && result !== 'blocked') return undefined;
  return {
    nonce,
    result,
    step: numberOf(value['step']),
    exitCode: numberOf(value['exitCode']),
    log: logOf(value['logHex']),
    reasons: reasonsOf(reasons),
  };
}
