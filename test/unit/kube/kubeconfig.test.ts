import { stringify } from 'yaml';
import { kubeconfigText, parseKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { describe, expect, it } from '../../support/runner.ts';

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const DATA = Buffer.from(PEM).toString('base64');

function config(cluster: Record<string, unknown>, user: Record<string, unknown>): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://api.example:6443', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
    'current-context': 'x',
  });
}

describe('kubeconfig', () => {
  it('gives server, authority, credentials and namespace', () => {
    expect(parseKubeconfig(config({ 'certificate-authority-data': DATA }, { token: 't' }))).toEqual(
      {
        server: 'https://api.example:6443',
        namespace: 'team',
        ca: PEM,
        token: 't',
      },
    );
    const user = { 'client-certificate-data': DATA, 'client-key-data': DATA };
    expect(parseKubeconfig(config({}, user))).toMatchObject({
      certificate: { cert: PEM, key: PEM },
    });
  });

  it('says whom to trust, and only what it was told', () => {
    const cluster = { 'tls-server-name': 'kubernetes', 'insecure-skip-tls-verify': true };
    expect(parseKubeconfig(config(cluster, {}))).toMatchObject({
      serverName: 'kubernetes',
      trustsAnybody: true,
    });
    const careful = parseKubeconfig(config({ 'insecure-skip-tls-verify': false }, {}));
    expect(careful.trustsAnybody).toBeUndefined();
  });

  it.each([
    { why: 'a token', user: { token: 't' } },
    { why: 'a certificate', user: { certificate: { cert: PEM, key: PEM } } },
    { why: 'doubt', user: { token: 't', serverName: 'kubernetes', trustsAnybody: true } },
  ])('is written as it is read, with $why', ({ user }) => {
    const target = { server: 'https://api.example:6443', namespace: 'team', ca: PEM, ...user };
    expect(parseKubeconfig(kubeconfigText(target))).toEqual(target);
  });

  const refused = [
    { why: 'runs a program', text: config({}, { exec: { command: 'sh' } }), says: 'exec' },
    { why: 'names a cloud', text: config({}, { 'auth-provider': {} }), says: 'auth-provider' },
    { why: 'reads a file', text: config({}, { tokenFile: '/etc/passwd' }), says: 'tokenFile' },
    { why: 'is somebody else', text: config({}, { token: 't', as: 'root' }), says: 'as' },
    { why: 'goes by a proxy', text: config({ 'proxy-url': 'http://p' }, {}), says: 'proxy-url' },
    { why: 'has no TLS', text: config({ server: 'http://api.example' }, {}), says: 'no https URL' },
    { why: 'has no server', text: config({ server: 7 }, {}), says: 'server' },
    { why: 'has a key alone', text: config({}, { 'client-key-data': DATA }), says: 'go together' },
    { why: 'has no PEM', text: config({ 'certificate-authority-data': 'eA==' }, {}), says: 'PEM' },
    { why: 'has no context', text: 'apiVersion: v1\ncurrent-context: x\n', says: 'context' },
    { why: 'is a list', text: '- 1\n', says: 'empty' },
    { why: 'is no YAML', text: 'a: [\n', says: 'kubeconfig' },
    { why: 'has aliases', text: 'a: &a [1]\nb: *a\n', says: 'kubeconfig' },
  ];
  it.each(refused)('is refused with its reason if it $why', ({ text, says }) => {
    let error: unknown;
    try {
      parseKubeconfig(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ consequence: 'Impossible' });
    expect((error as Error).message).toContain(says);
  });
});
