import type { SourceFile } from '../../../src/sources/snapshot.ts';
import { problemLines, validateSnapshot } from '../../../src/sources/validate.ts';
import { describe, expect, it } from '../../support/runner.ts';

const SHA = 'a'.repeat(64);

function file(text: string, path = 'a.yaml'): SourceFile {
  return { path, text };
}

function check(...files: readonly SourceFile[]) {
  const { objects, problems } = validateSnapshot({ files, problems: [] });
  return { names: objects.map(({ name }) => name), lines: problemLines(problems) };
}

const os = `apiVersion: lamina.dev/v1alpha1
kind: OSLayer
metadata: {name: tiny}
spec:
  channels: {prod: "1"}
  versions:
    - name: "1"
      import: {disk: {file: a.raw, format: raw, sha256: ${SHA}}}
`;

function app(name: string, body: string, osLayer = 'tiny'): string {
  return `apiVersion: lamina.dev/v1alpha1
kind: AppLayer
metadata: {name: ${name}}
spec:
  osLayer: {name: ${osLayer}}
  packaging: {connectorRef: {name: here}}
  versions:
${body}`;
}

function template(body: string): string {
  return `apiVersion: lamina.dev/v1alpha1
kind: ImageTemplate
metadata: {name: desk}
spec:
  osLayer: {name: tiny, channel: prod}
${body}
  targets: [{name: t, connectorRef: {name: here}, provisioning: None}]
`;
}

function configMaps(count: number, data: string, from = 0): string {
  return Array.from(
    { length: count },
    (_, i) =>
      `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c-${from + i}}\ndata: ${data}\n`,
  ).join('');
}

describe('the bounds of a set', () => {
  const long = `{a: ${'x'.repeat(100_000)}}`;

  it.each([
    {
      why: 'objects',
      files: Array.from({ length: 21 }, (_, i) => file(configMaps(1000, '{}', i * 1000), `f${i}`)),
      want: '.:1:1: the source has more than 20000 objects',
    },
    {
      why: 'text in objects',
      files: Array.from({ length: 21 }, (_, i) =>
        file(configMaps(8, long.replace('}', ', b: "y"}'), i * 8), `f${i}`),
      ),
      want: '.:1:1: the objects are larger than 16 MiB in all',
    },
    {
      why: 'keys of a ConfigMap',
      files: [
        file(configMaps(1, `{${Array.from({ length: 1001 }, (_, i) => `k${i}: a`).join()}}`)),
      ],
      want: 'a.yaml:5:1: data: has more than 1000 keys: make several ConfigMaps of it',
    },
    {
      why: 'text of one object',
      files: [file(configMaps(1, `{a: "${'\\0'.repeat(200_000)}"}`))],
      want: 'a.yaml:4:18: the object is larger than 512 KiB',
    },
  ])('refuse too many $why, in one line', ({ files, want }) => {
    expect(check(...files).lines).toEqual([want]);
  });

  it('finds the line of a bad reference again, after other files were read', () => {
    const bad = app('one', '    - {name: "1", osVersion: "9"}\n');
    const more = [file(`# a\n---\n${bad}`, 'b.yaml'), file(bad.replaceAll('one', 'two'), 'c.yaml')];
    expect(check(file(os), ...more, file(configMaps(1, '{}'), 'd.yaml')).lines).toEqual([
      'b.yaml:10:30: spec.versions[0].osVersion: OSLayer "tiny" has no version "9"; it has "1"',
      'c.yaml:8:30: spec.versions[0].osVersion: OSLayer "tiny" has no version "9"; it has "1"',
    ]);
  });

  it('shortens what a message quotes', () => {
    const [line = ''] = check(
      file(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, ${'x'.repeat(5000)}: 1}\n`),
    ).lines;
    expect(line).toMatch(/^a\.yaml:3:21: metadata\.x/);
    expect(line.length).toBeLessThan(1100);
  });
});

describe('validateSnapshot', () => {
  it('accepts a good set and knows what it waits for', () => {
    const files = [file(os), file(app('one', '    - {name: "1", osVersion: "1"}\n'), 'b.yaml')];
    const waiting = file(template('  appLayers: [{name: later, version: "9"}]'), 'c.yaml');
    expect(check(...files, waiting)).toEqual({ names: ['tiny', 'one', 'desk'], lines: [] });
  });

  it.each([
    {
      why: 'a misspelt field',
      text: os.replace('channels:', 'chanels:'),
      want: 'a.yaml:5:3: spec.chanels: unknown field',
    },
    {
      why: 'a version that YAML reads as a number',
      text: os.replace('name: "1"', 'name: 26.0'),
      want: 'a.yaml:7:13: spec.versions[0].name: Invalid value: "integer": spec.versions[0].name in body must be of type string: "integer" (write it in quotes: "26.0")',
    },
    {
      why: 'a missing field, at the nearest line',
      text: os.replace('format: raw, ', ''),
      want: 'a.yaml:8:16: spec.versions[0].import.disk.format: Required value',
    },
    {
      why: 'a broken rule',
      text: os.replace('prod: "1"', 'prod: "2"'),
      want: 'a.yaml:4:1: spec: Invalid value: every channel must name a version in spec.versions',
    },
    {
      why: 'a status',
      text: `${os}status: {}\n`,
      want: 'a.yaml:9:1: status: is written by controllers: remove it',
    },
    {
      why: 'what only servers write',
      text: os.replace('{name: tiny}', '{name: tiny, uid: x}'),
      want: 'a.yaml:3:24: metadata.uid: is set by the server: remove it',
    },
    {
      why: 'a label of ours',
      text: os.replace('{name: tiny}', '{name: tiny, labels: {lamina.dev/source: x}}'),
      want: 'a.yaml:3:33: metadata.labels.lamina.dev/source: is written by Lamina itself: remove it',
    },
    {
      why: 'a name that is too long for references',
      text: os.replace('tiny', 'a'.repeat(41)),
      want: expect.stringMatching(/^a\.yaml:3:18: metadata\.name: .*at most 40 characters/),
    },
    {
      why: 'a Secret',
      text: 'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n',
      want: expect.stringMatching(/^a\.yaml:2:7: kind: a Secret does not belong into a source/),
    },
    {
      why: 'an object that controllers make',
      text: 'apiVersion: lamina.dev/v1alpha1\nkind: LayerVersion\nmetadata: {name: a}\n',
      want: 'a.yaml:2:7: kind: a LayerVersion is made by controllers and cannot be declared',
    },
    {
      why: 'a foreign kind',
      text: 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n',
      want: expect.stringContaining('kind "Deployment" of "apps/v1" is not known here'),
    },
    {
      why: 'any other YAML',
      text: 'hello: world\n',
      want: 'a.yaml:1:1: apiVersion: Required value: a manifest has apiVersion and kind',
    },
    {
      why: 'an OS version that is not there',
      text: `${os}---\n${app('one', '    - {name: "1", osVersion: "2"}\n')}`,
      want: 'a.yaml:17:30: spec.versions[0].osVersion: OSLayer "tiny" has no version "2"; it has "1"',
    },
    {
      why: 'a prerequisite on another operating system',
      text: `${app('one', '    - {name: "1", osVersion: "1", prerequisites: [{name: two, version: "1"}]}\n')}---\n${app('two', '    - {name: "1", osVersion: "1"}\n', 'other')}`,
      want: expect.stringMatching(
        /prerequisites\[0\]\.name: AppLayer "two" belongs to OSLayer "other", not to "tiny"/,
      ),
    },
    {
      why: 'a channel that is not there',
      text: `${os}---\n${template('').replace('channel: prod', 'channel: test')}`,
      want: expect.stringContaining('OSLayer "tiny" has no channel "test"; it has "prod"'),
    },
    {
      why: 'an application that is listed twice',
      text: template('  appLayers: [{name: a, version: "1"}, {name: a, version: "2"}]'),
      want: 'a.yaml:6:40: spec.appLayers[1]: AppLayer "a" is listed twice',
    },
    {
      why: 'a circle of OS versions, closed by the default of from',
      text: os.replace(/- name: "1"[^]*$/, '- {name: "1", from: "2"}\n    - {name: "2"}\n'),
      want: 'a.yaml:7:25: spec.versions[0].from: versions start from each other: tiny 1 from tiny 2 from tiny 1',
    },
  ])('refuses $why and says where', ({ text, want }) => {
    expect(check(file(text)).lines[0]).toEqual(want);
  });

  it('finds an object that is declared twice, across files', () => {
    expect(check(file(os), file(os, 'b.yaml')).lines).toEqual([
      'b.yaml:3:18: OSLayer "tiny" is already declared at a.yaml:3',
    ]);
    const elsewhere = os.replace('{name: tiny}', '{name: tiny, namespace: lab}');
    expect(check(file(os), file(elsewhere, 'b.yaml')).lines).toEqual([]);
  });

  it('finds circles of prerequisites, of any length', () => {
    const chain = Array.from({ length: 3000 }, (_, i) =>
      app(
        `a${i}`,
        `    - {name: "1", osVersion: "1", prerequisites: [{name: a${(i + 1) % 3000}, version: "1"}]}\n`,
      ),
    );
    const files = [0, 1, 2].map((part) =>
      file(chain.slice(part * 1000, (part + 1) * 1000).join('---\n'), `${part}.yaml`),
    );
    const { lines } = check(...files);
    expect(lines[0]).toMatch(
      /^0\.yaml:8:35: spec\.versions\[0\]\.prerequisites: .*: a0 1 needs a1 1 needs .* needs … needs a0 1$/,
    );
    expect(lines.length).toBe(200);
  });

  it('reports in the order of the files and stops when nobody reads on', () => {
    const many = Array.from({ length: 500 }, () => 'hello: world\n').join('---\n');
    const { lines } = check(file(many), file('- x\n', 'b.yaml'));
    expect(lines).toHaveLength(200);
    expect(lines[0]).toMatch(/^a\.yaml:1:1/);
    expect(lines[199]).toMatch(/^a\.yaml:399:1/);
  });
});
