import { appLayer } from '../../../src/api/kinds/app-layer.ts';
import { layerVersion } from '../../../src/api/kinds/layer-version.ts';
import { osLayer } from '../../../src/api/kinds/os-layer.ts';
import { platformLayer } from '../../../src/api/kinds/platform-layer.ts';
import { API_VERSION, type KindDefinition } from '../../../src/api/kind.ts';
import { checkObject } from '../../../src/api/validation/check.ts';
import { describe, expect, it } from '../../support/runner.ts';

/** What is said about the url of the only medium in a spec, whichever way leads to it. */
function saidOf(definition: KindDefinition, url: string): readonly string[] {
  const media = [{ name: 'x', url, sha256: 'a'.repeat(64) }];
  const entry = { install: { media, steps: [{ run: 'true' }] } };
  const { kind } = definition;
  const spec = kind === 'LayerVersion' ? { package: entry } : { versions: [entry] };
  const metadata = { name: 'x' };
  const { errors } = checkObject(definition, { apiVersion: API_VERSION, kind, metadata, spec });
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
