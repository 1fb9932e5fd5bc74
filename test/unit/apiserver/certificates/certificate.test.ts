import { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  keptAuthority,
  serverCertificate,
} from '../../../../src/apiserver/certificates/authority.ts';
import {
  createAuthority,
  createServerCertificate,
} from '../../../../src/apiserver/certificates/certificate.ts';
import { run } from '../../../../src/host/run.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const DAY = 86_400_000;
const now = Date.now();

async function openssl(...args: readonly string[]) {
  const { stdout } = await run('openssl', args);
  return stdout;
}

describe('certificates', () => {
  it('are what OpenSSL calls valid, for names and both kinds of addresses', async () => {
    await using folder = await temporaryFolder();
    const [ca, leaf] = [join(folder.path, 'ca.pem'), join(folder.path, 'leaf.pem')];
    const authority = await keptAuthority(ca, now);
    const made = serverCertificate(authority, ['localhost', '127.0.0.1', '::1', 'fd00::a:b'], now);
    await writeFile(leaf, made.certificate);
    const verify = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', ca];
    for (const who of [
      ['-verify_ip', '127.0.0.1'],
      ['-verify_ip', '::1'],
      ['-verify_ip', 'fd00::a:b'],
      ['-verify_hostname', 'localhost'],
    ]) {
      expect(await openssl(...verify, ...who, leaf)).toBe(`${leaf}: OK\n`);
    }
    await expect(openssl(...verify, '-verify_ip', '127.0.0.2', leaf)).rejects.toThrow('mismatch');
    expect(await openssl('x509', '-in', ca, '-noout', '-ext', 'basicConstraints')).toContain(
      'CA:TRUE, pathlen:0',
    );
  });

  it('write times after 2049 as OpenSSL reads them', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'ca.pem');
    const validity = { fromMs: Date.UTC(2049, 11, 31), untilMs: Date.UTC(2050, 0, 2, 3, 4, 5) };
    await writeFile(path, createAuthority('late', validity).certificate);
    expect(await openssl('x509', '-in', path, '-noout', '-dates')).toBe(
      'notBefore=Dec 31 00:00:00 2049 GMT\nnotAfter=Jan  2 03:04:05 2050 GMT\n',
    );
  });

  it('are refused once they are over', async () => {
    await using folder = await temporaryFolder();
    const [ca, leaf] = [join(folder.path, 'ca.pem'), join(folder.path, 'leaf.pem')];
    const authority = createAuthority('lamina', { fromMs: now - DAY, untilMs: now + DAY });
    await writeFile(ca, authority.certificate);
    const old = { fromMs: now - 2 * DAY, untilMs: now - DAY };
    await writeFile(leaf, createServerCertificate(authority, ['localhost'], old).certificate);
    await expect(openssl('verify', '-CAfile', ca, leaf)).rejects.toThrow('expired');
  });
});

describe('the kept authority', () => {
  it('is readable by its owner only, and the same after a restart', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'ca.pem');
    const first = await keptAuthority(path, now);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await keptAuthority(path, now + 365 * DAY)).toEqual(first);
    // A clock that is set back after the first start must not lock anybody out.
    expect(await keptAuthority(path, now - DAY)).toEqual(first);
    const server = serverCertificate(first, ['localhost'], now);
    expect(Date.parse(new X509Certificate(server.certificate).validFrom)).toBeLessThan(now - DAY);
  });

  it.each([
    { why: 'it is near its end', nowMs: now + 3000 * DAY, damage: (pem: string) => pem },
    { why: 'the clock went back', nowMs: now - 3000 * DAY, damage: (pem: string) => pem },
    { why: 'the file is cut off', nowMs: now, damage: (pem: string) => pem.slice(0, 300) },
    { why: 'the file is empty', nowMs: now, damage: () => '' },
    {
      why: 'the certificate is garbled',
      nowMs: now,
      damage: (pem: string) => pem.replace(/MI[^\n]{20}/, 'A'.repeat(22)),
    },
  ])('is made anew when $why', async ({ nowMs, damage }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'ca.pem');
    const first = await keptAuthority(path, now);
    await writeFile(path, damage(await readFile(path, 'utf8')));
    const second = await keptAuthority(path, nowMs);
    expect(second.certificate).not.toBe(first.certificate);
    expect(await keptAuthority(path, nowMs)).toEqual(second);
  });
});
