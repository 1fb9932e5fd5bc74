import { appLayer } from '../../../src/api/kinds/app-layer.ts';
import { layerVersion } from '../../../src/api/kinds/layer-version.ts';
import { osLayer } from '../../../src/api/kinds/os-layer.ts';
import { platformLayer } from '../../../src/api/kinds/platform-layer.ts';
import { API_VERSION, type KindDefinition } from '../../../src/api/kind.ts';
import { checkObject } from '../../../src/api/validation/check.ts';
import { describe, expect, it } from '../../support/runner.ts';

/** What is said about a spec with one medium, whichever way leads to it. */
function errorsOf(definition: KindDefinition, medium: Readonly<Record<string, unknown>>) {
  const media = [{ name: 'x', sha256: 'a'.repeat(64), ...medium }];
  const entry = { install: { media, steps: [{ run: 'true' }] } };
  const { kind } = definition;
  const spec = kind === 'LayerVersion' ? { package: entry } : { versions: [entry] };
  const metadata = { name: 'x' };
  return checkObject(definition, { apiVersion: API_VERSION, kind, metadata, spec }).errors;
}

function saidOf(definition: KindDefinition, url: string): readonly string[] {
  const errors = errorsOf(definition, { url });
  return errors.filter(({ field }) => field.endsWith('.url')).map(({ message }) => message);
}

const KINDS = [osLayer, appLayer, platformLayer, layerVersion].map(
  (one) => [one.kind, one] as const,
);

describe('the url of a medium', () => {
  it.each(KINDS)(
    'of a %s holds no name and no password, and no message repeats them',
    (_, kind) => {
      for (const url of [
        'https://user:hunter2@h/x',
        'https://hunter2@h/x',
        'http://user:hunter2@[::1]:8080/x?y#z',
        'http://user:hunt@er2@h',
      ]) {
        const said = saidOf(kind, url);
        expect(said).toEqual([expect.stringMatching(/\/\/…@.* should match/)]);
        expect(said.join()).not.toMatch(/hunt|er2/);
      }
    },
  );

  it.each([
    'https://h',
    'http://h:8080/x.msi',
    'https://h/npm/@scope/x.tgz',
    'https://h?who=me@here',
    'https://[2001:db8::1]/x#@',
  ])('may be %s', (url) => {
    expect(saidOf(appLayer, url)).toEqual([]);
  });

  it.each(['ftp://h/x', 'https://', 'https:///h', 'https://h/a b', ' https://h'])(
    'is not %j',
    (url) => {
      expect(saidOf(appLayer, url)).toHaveLength(1);
    },
  );
});

describe('the Secret of a medium', () => {
  const complete = {
    osLayer: { name: 'os' },
    packaging: { connectorRef: { name: 'here' } },
    platform: { hypervisor: 'qemu' },
  };
  const verdict = (kind: KindDefinition, url: string, name: string) => {
    const media = [{ name: 'x', url, sha256: 'a'.repeat(64), headersSecretRef: { name } }];
    const base = { name: '1', osVersion: '1', from: '2' };
    const entry = { ...base, name: '2', from: '1', install: { media, steps: [{ run: 'true' }] } };
    const spec = { ...complete, versions: [base, entry] };
    const object = { apiVersion: API_VERSION, kind: kind.kind, metadata: { name: 'x' }, spec };
    return checkObject(kind, object).errors.map(({ message }) => message);
  };

  it.each(KINDS.filter(([kind]) => kind !== 'LayerVersion'))(
    'is refused in a %s where the url is not encrypted',
    (_, kind) => {
      expect(verdict(kind, 'https://h/x', 'repo')).toEqual([]);
      expect(verdict(kind, 'http://h/x', 'repo')).toEqual([
        expect.stringContaining('must have an https url'),
      ]);
    },
  );

  it.each([
    { name: 'repo.example-1', good: true },
    { name: 'a'.repeat(253), good: true },
    { name: 'a'.repeat(254), good: false },
    { name: 'other/repo', good: false },
    { name: '../repo', good: false },
    { name: 'Repo', good: false },
    { name: '', good: false },
  ])('may be called $name: $good', ({ name, good }) => {
    expect(verdict(appLayer, 'https://h/x', name)).toHaveLength(good ? 0 : 1);
  });
});
