import {
  X509Certificate,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import { isIP } from 'node:net';
import {
  bitString,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  sequence,
  set,
  time,
  utf8String,
  yes,
} from './der.ts';

/** A certificate with its private key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** When a certificate is valid. */
export interface Validity {
  readonly fromMs: number;
  readonly untilMs: number;
}

interface Issuer {
  readonly name: string;
  readonly key: KeyObject;
  readonly publicKey: Buffer;
}

const ECDSA_WITH_SHA256 = sequence(oid('1.2.840.10045.4.3.2'));

function distinguishedName(commonName: string): Buffer {
  return sequence(set(sequence(oid('2.5.4.3'), utf8String(commonName))));
}

function extension(id: string, critical: boolean, content: Uint8Array): Buffer {
  const flag = critical ? [yes] : [];
  return sequence(oid(id), ...flag, octetString(content));
}

/** SHA-1 of the key's bits, after RFC 5280 §4.2.1.2; an identifier, not a signature. */
function keyIdentifier(spki: Buffer): Buffer {
  return createHash('sha1').update(spki.subarray(-65)).digest();
}

function groups(part: string): readonly string[] {
  return part === '' ? [] : part.split(':');
}

function ipv6Bytes(address: string): Buffer {
  const [left = [], right] = address.split('::').map(groups);
  const zeros = Array.from({ length: 8 - left.length - (right?.length ?? 0) }, () => '0');
  const all = right === undefined ? left : [...left, ...zeros, ...right];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function alternativeName(host: string): Buffer {
  const version = isIP(host);
  if (version === 4) return implicit(7, Buffer.from(host.split('.').map(Number)));
  if (version === 6) return implicit(7, ipv6Bytes(host));
  return implicit(2, Buffer.from(host, 'ascii'));
}

function issue(
  commonName: string,
  issuer: Issuer | undefined,
  validity: Validity,
  extensions: readonly Buffer[],
): KeyedCertificate {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
  const signer = issuer ?? { name: commonName, key: pair.privateKey, publicKey: spki };
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([0x4c]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    distinguishedName(signer.name),
    sequence(time(validity.fromMs), time(validity.untilMs)),
    distinguishedName(commonName),
    spki,
    explicit(
      3,
      sequence(
        ...extensions,
        extension('2.5.29.14', false, octetString(keyIdentifier(spki))),
        extension('2.5.29.35', false, sequence(implicit(0, keyIdentifier(signer.publicKey)))),
      ),
    ),
  );
  const signature = sign('sha256', body, { key: signer.key, dsaEncoding: 'der' });
  const certificate = sequence(body, ECDSA_WITH_SHA256, bitString(signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** A self-signed authority that may sign servers and nothing else below it. */
export function createAuthority(commonName: string, validity: Validity): KeyedCertificate {
  return issue(commonName, undefined, validity, [
    extension('2.5.29.19', true, sequence(yes, integer(Buffer.from([0])))),
    // keyCertSign and cRLSign.
    extension('2.5.29.15', true, bitString(Buffer.from([0x06]), 1)),
  ]);
}

/** A server certificate for host names and addresses, signed by the authority. */
export function createServerCertificate(
  authority: KeyedCertificate,
  hosts: readonly string[],
  validity: Validity,
): KeyedCertificate {
  const parsed = new X509Certificate(authority.certificate);
  const issuer: Issuer = {
    name: parsed.subject.replace(/^CN=/, ''),
    key: createPrivateKey(authority.key),
    publicKey: parsed.publicKey.export({ type: 'spki', format: 'der' }),
  };
  return issue(hosts[0] ?? 'localhost', issuer, validity, [
    extension('2.5.29.19', true, sequence()),
    // digitalSignature.
    extension('2.5.29.15', true, bitString(Buffer.from([0x80]), 7)),
    extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
    extension('2.5.29.17', false, sequence(...hosts.map(alternativeName))),
  ]);
}
