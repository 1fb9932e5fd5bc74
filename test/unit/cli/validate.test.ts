import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { cli } from '../../support/cli.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const good = `apiVersion: lamina.dev/v1alpha1
kind: ConnectorConfig
metadata: {name: here}
spec: {local: {}}
`;

describe('lamina validate', () => {
  it('says that all is well', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'a.yaml'), good);
    expect(await cli(['validate', folder.path])).toEqual({
      code: 0,
      stdout: '1 file, 1 object, no problems\n',
      stderr: '',
    });
  });

  it('names path, line and column as they were given, over several paths as one set', async () => {
    await using folder = await temporaryFolder();
    const [one, two] = [join(folder.path, 'one'), join(folder.path, 'two.yaml')];
    await mkdir(one);
    await writeFile(join(one, 'a.yaml'), good);
    await writeFile(two, `${good}---\n${good.replace('here', 'Here')}`);
    const { code, stdout } = await cli(['validate', one, two]);
    expect(code).toBe(1);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(
      `${two}:3:18: ConnectorConfig "here" is already declared at ${one}/a.yaml:3`,
    );
    expect(lines[1]).toMatch(`${two}:8:18: metadata.name: Invalid value: "Here"`);
    expect(lines[2]).toBe('2 files, 2 objects, 2 problems');
  });

  it.each([
    ['json', (text: string) => JSON.parse(text) as unknown],
    ['yaml', (text: string) => parse(text) as unknown],
  ] as const)('prints %s for programs', async (format, read) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.yaml');
    await writeFile(path, good.replace('spec', 'spce'));
    const { code, stdout } = await cli(['validate', path, '-o', format]);
    expect(code).toBe(1);
    expect(read(stdout)).toEqual({
      objects: [
        { kind: 'ConnectorConfig', namespace: 'default', name: 'here', file: path, line: 3 },
      ],
      problems: [
        { file: path, line: 4, column: 1, message: 'spce: unknown field' },
        { file: path, line: 1, column: 1, message: 'spec: Required value' },
      ].sort((a, b) => a.line - b.line),
    });
  });

  it('shows no control characters of a file to a terminal', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.yaml');
    await writeFile(path, 'apiVersion: "\\u001b[2J"\nkind: "\\u202ex"\n');
    const { stdout } = await cli(['validate', path]);
    expect(stdout.includes('\u001b') || stdout.includes('\u202e')).toBe(false);
  });

  it.each([
    { why: 'no path', args: ['validate'] },
    { why: 'an unknown format', args: ['validate', '.', '-o', 'xml'] },
    { why: 'an unknown option', args: ['validate', '.', '--fix'] },
    { why: 'an unknown command', args: ['valdate'] },
    { why: 'no command', args: [] },
  ])('takes $why as wrong usage', async ({ args }) => {
    const { code, stderr } = await cli(args);
    expect(code).toBe(2);
    expect(stderr).not.toBe('');
  });

  it('fails with a sentence when there is no such path', async () => {
    const { code, stderr } = await cli(['validate', '/no/such/path']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^lamina: \/no\/such\/path: ENOENT/);
  });
});

describe('help', () => {
  it.each(['validate', 'status', 'wait', 'approve', 'console', 'version'])(
    'explains %s',
    async (name) => {
      const { code, stdout } = await cli([name, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(
        name === 'version' ? /Usage: lamina version/ : /Examples:\n {2}lamina /,
      );
    },
  );

  it('says which version runs', async () => {
    const { stdout } = await cli(['version', '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({ lamina: '0.0.0-test', api: 'lamina.dev/v1alpha1' });
  });
});
