import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../src/host/run.ts';
import { temporaryFolder } from '../support/folder.ts';
import { describe, expect, it } from '../support/runner.ts';
import { globalBreaches } from './globals.ts';
import { importBreaches } from './imports.ts';
import { claimBreaches, functionsOf, limitBreaches, spread } from './numbers.ts';
import { parseSource } from './source.ts';

/* Every rule of `make check` must catch what it is there for: each is shown a planted violation. */

const MODULE = 'export const x = 1;\n';

/** Makes a small tree and says which rules it breaks. */
async function broken(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await using folder = await temporaryFolder();
  for (const [path, text] of Object.entries({ 'package.json': '{"type":"module"}', ...files })) {
    await mkdir(join(folder.path, dirname(path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  const breaches = await importBreaches(folder.path);
  return breaches.map(({ path, what }) => `${path} ${what.split(':')[0]}`);
}

function importing(from: string): string {
  return `import { x } from '${from}';\nexport const y = x;\n`;
}

describe('the import table', () => {
  it.each([
    { from: 'core', to: 'host' },
    { from: 'host', to: 'api' },
    { from: 'api', to: 'kube' },
    { from: 'kube', to: 'apiserver' },
    { from: 'apiserver', to: 'kube' },
    { from: 'store', to: 'images' },
    { from: 'images', to: 'store' },
    { from: 'engine', to: 'jobs' },
    { from: 'connectors', to: 'engine' },
    { from: 'jobs', to: 'kube' },
    { from: 'sources', to: 'store' },
    { from: 'reconcilers', to: 'host' },
    { from: 'reconcilers', to: 'engine' },
    { from: 'cli', to: 'reconcilers' },
    { from: 'cli', to: 'main' },
  ])('$from may not import $to', async ({ from, to }) => {
    const files = { [`src/${from}/a.ts`]: importing(`../${to}/b.ts`), [`src/${to}/b.ts`]: MODULE };
    expect(await broken(files)).toEqual([`src/${from}/a.ts ${from}-imports-only-what-it-may`]);
  });

  it('sees imports of types alone, and calls of import', async () => {
    const types = "import type { x } from '../api/b.ts';\nexport type Y = typeof x;\n";
    const later = "export const y = () => import('../api/b.ts');\n";
    for (const text of [types, later]) {
      expect(await broken({ 'src/host/a.ts': text, 'src/api/b.ts': MODULE })).toEqual([
        'src/host/a.ts host-imports-only-what-it-may',
      ]);
    }
  });

  it('lets pass what the table allows', async () => {
    const files = {
      'src/cli/a.ts': importing('../sources/b.ts'),
      'src/sources/b.ts': `import { x as z } from '../kube/c.ts';\nexport const x = z;\n`,
      'src/kube/c.ts': MODULE,
      'src/reconcilers/k/a.ts': importing('../../connectors/connector.ts'),
      'src/connectors/connector.ts': MODULE,
    };
    expect(await broken(files)).toEqual([]);
  });

  it.each([
    {
      why: 'a folder that is not in the table',
      files: { 'src/utils/a.ts': importing('../core/b.ts'), 'src/core/b.ts': MODULE },
      want: ['src/utils/a.ts every-folder-is-in-the-table'],
    },
    {
      why: 'a circle',
      files: {
        'src/core/a.ts': "import { y } from './b.ts';\nexport const x = () => y;\n",
        'src/core/b.ts': "import { x } from './a.ts';\nexport const y = () => x;\n",
      },
      want: ['src/core/a.ts no-cycles'],
    },
    ...[
      { folder: 'apiserver', rooms: ['objects', 'storage'] },
      { folder: 'engine', rooms: ['capture', 'compose'] },
    ].map(({ folder, rooms: [one = '', two = ''] }) => ({
      why: `two rooms of ${folder} that need each other, without a circle of files`,
      files: {
        [`src/${folder}/${one}/a.ts`]: importing(`../${two}/b.ts`),
        [`src/${folder}/${two}/b.ts`]: MODULE,
        [`src/${folder}/${two}/c.ts`]: importing(`../${one}/d.ts`),
        [`src/${folder}/${one}/d.ts`]: MODULE,
      },
      want: [one, two].map((room) => `src/${folder}/${room} rooms-of-a-folder-have-an-order`),
    })),
    {
      why: 'a plan that reads files',
      files: { 'src/reconcilers/k/plan.ts': "import { readFile } from 'node:fs';\nreadFile;\n" },
      want: ['src/reconcilers/k/plan.ts plan-is-pure'],
    },
    {
      why: 'a plan that uses a package',
      files: { 'src/reconcilers/k/plan.ts': "import yaml from 'yaml';\nyaml;\n" },
      want: [
        'src/reconcilers/k/plan.ts everything-resolves',
        'src/reconcilers/k/plan.ts plan-is-pure',
      ],
    },
    {
      why: 'a job that knows a platform',
      files: {
        'src/jobs/a.ts': importing('../connectors/local/b.ts'),
        'src/connectors/local/b.ts': MODULE,
      },
      want: [
        'src/jobs/a.ts jobs-imports-only-what-it-may',
        'src/jobs/a.ts only-main-knows-a-platform',
      ],
    },
    {
      why: 'a platform that knows another',
      files: {
        'src/connectors/local/a.ts': importing('../azure/b.ts'),
        'src/connectors/azure/b.ts': MODULE,
      },
      want: ['src/connectors/local/a.ts platforms-are-strangers'],
    },
    {
      why: 'a seam that knows a platform',
      files: {
        'src/connectors/connector.ts': importing('./local/b.ts'),
        'src/connectors/local/b.ts': MODULE,
      },
      want: ['src/connectors/connector.ts the-connector-seam-knows-no-platform'],
    },
    {
      why: 'a reconciler that knows another',
      files: {
        'src/reconcilers/one/a.ts': importing('../two/b.ts'),
        'src/reconcilers/two/b.ts': MODULE,
      },
      want: ['src/reconcilers/one/a.ts reconcilers-are-strangers'],
    },
    {
      why: 'a composition root that needs tests',
      files: { 'src/main/a.ts': importing('../../test/b.ts'), 'test/b.ts': MODULE },
      want: ['src/main/a.ts main-imports-only-src'],
    },
    {
      why: 'an import of nothing',
      files: { 'src/core/a.ts': importing('./missing.ts') },
      want: ['src/core/a.ts everything-resolves'],
    },
  ])('catches $why', async ({ files, want }) => {
    expect([...(await broken(files as Record<string, string>))].sort()).toEqual(want);
  });
});

describe('what only the outside may touch', () => {
  const uses = (text: string, path = 'src/kube/a.ts') =>
    globalBreaches(parseSource(path, text)).map(({ line, what }) => `${line} ${what}`);

  it.each([
    ['export const a = Date.now();\n', '1 uses Date.now'],
    ['// é\nexport const a = new Date();\n', '2 uses new Date()'],
    ['export const a = Date();\n', '1 uses Date()'],
    ['export const a = Math.random();\n', '1 uses Math.random'],
    ['export const a = Math["random"];\n', '1 uses Math.random'],
    ["\n\nexport const a = process.env['HOME'];\n", '3 uses process.env'],
    ['export function f() {\n  console.log(1);\n}\n', '2 uses console.log'],
    ['setTimeout(() => undefined, 1);\n', '1 uses setTimeout'],
    ['export const a = [1].map(() => performance.now());\n', '1 uses performance.now'],
    [
      "import { setTimeout } from 'node:timers/promises';\n",
      '1 uses import of node:timers/promises',
    ],
  ])('catches %j', (text, want) => {
    expect(uses(text)).toEqual([want]);
  });

  it.each([
    'export const a = new Date(0).toISOString();\n',
    'export const a = Date.parse("2026-11-21");\n',
    'export const f = ({ console }: { console: { log: string } }) => console.log;\n',
    'export const a = process.versions.node;\n',
    "import type { Timer } from 'node:timers';\nexport type T = Timer;\n",
  ])('lets pass %j', (text) => {
    expect(uses(text)).toEqual([]);
  });

  it('lets main and host do it', () => {
    expect(uses('export const a = Date.now();\n', 'src/main/a.ts')).toEqual([]);
    expect(uses('export const a = Date.now();\n', 'src/host/a.ts')).toEqual([]);
  });
});

describe('house numbers', () => {
  const measure = (text: string) =>
    functionsOf(parseSource('src/core/a.ts', text)).map(({ line, lines, parameters }) => [
      line,
      lines,
      parameters,
    ]);

  it('measures every form of function by its lines of code', () => {
    const text = `// é: two bytes
export function one(a: number, b: number) {
  // a comment

  return a + b;
}
export const two = (x: number) => x;
class C {
  constructor(a: string) {
    this.m(a, a, a);
  }
  m(a: string, b: string, c: string) {
    return [a, b, c].map((item) =>
      item.trim());
  }
}
`;
    expect(measure(text)).toEqual([
      [2, 3, 2],
      [7, 1, 1],
      [9, 3, 1],
      [12, 4, 3],
      [13, 2, 1],
    ]);
  });

  it.each([
    { why: 'a long file', text: 'export {};\n'.repeat(401), want: 'has 401 lines, more than 400' },
    {
      why: 'a long function',
      text: `export function f() {\n${'  void 0;\n'.repeat(60)}}\n`,
      want: 'a function of 62 lines, more than 60',
    },
    {
      why: 'many parameters',
      text: 'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e];\n',
      want: '5 parameters, more than 4',
    },
  ])('catches $why', ({ text, want }) => {
    expect(limitBreaches(parseSource('src/core/a.ts', text)).map(({ what }) => what)).toEqual([
      want,
    ]);
  });

  it('lets pass what is just within', () => {
    const text = `export function f() {\n${'  void 0;\n'.repeat(58)}}\n`;
    expect(limitBreaches(parseSource('src/core/a.ts', text))).toEqual([]);
  });

  it('knows middle and tail', () => {
    expect(spread([3, 1, 2])).toBe('median 2, p95 3, max 3');
    expect(spread(Array.from({ length: 100 }, (_, i) => i + 1))).toBe('median 51, p95 96, max 100');
  });
});

describe('the tools', () => {
  const ROOT = join(import.meta.dirname, '../..');
  const PROGRAMS = join(ROOT, 'node_modules/.bin');

  async function said(program: string, args: readonly string[], cwd: string): Promise<string> {
    const path = `${PROGRAMS}:${process.env['PATH'] ?? ''}`;
    const env = { PATH: path, HOME: cwd };
    const all = Array.from({ length: 255 }, (_, code) => code + 1);
    const result = await run(join(PROGRAMS, program), args, { cwd, env, okCodes: all });
    return result.stdout + result.stderr;
  }

  it.each([
    {
      why: 'a floating promise',
      text: 'async function f() {}\nexport function g() {\n  f();\n}\n',
      want: 'no-floating-promises',
    },
    { why: 'any', text: 'export const a = 1 as any;\n', want: 'no-explicit-any' },
    { why: 'a default export', text: 'export default 1;\n', want: 'no-default-export' },
    { why: 'the console', text: 'console.log(1);\nexport {};\n', want: 'no-console' },
    {
      why: 'too many parameters',
      text: 'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1) => [a, b, c, d, e];\n',
      want: 'max-params',
    },
  ])('the linter catches $why', async ({ text, want }) => {
    await using folder = await temporaryFolder();
    await copyFile(join(ROOT, 'tsconfig.json'), join(folder.path, 'tsconfig.json'));
    await symlink(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
    await mkdir(join(folder.path, 'src'));
    await writeFile(join(folder.path, 'src/a.ts'), text);
    const config = join(ROOT, '.oxlintrc.json');
    expect(await said('oxlint', ['-c', config, '--type-aware', 'src'], folder.path)).toContain(
      want,
    );
  });

  it('knip finds what nobody uses', async () => {
    await using folder = await temporaryFolder();
    const files = {
      'package.json': '{"name":"p","type":"module"}',
      'src/main/main.ts': "import { x } from '../core/a.ts';\nconsole.log(x);\n",
      'src/core/a.ts': `${MODULE}export const unusedExport = 2;\n`,
      'src/core/b.ts': MODULE,
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(folder.path, dirname(path)), { recursive: true });
      await writeFile(join(folder.path, path), text);
    }
    const config = join(ROOT, 'test/architecture/knip.json');
    const found = await said('knip', ['--directory', folder.path, '--config', config], folder.path);
    expect(found).toContain('unusedExport');
    expect(found).toContain('src/core/b.ts');
  });
});

describe('claims that the compiler cannot check', () => {
  const text =
    "export const x = y as string;\nexport const z = y ?? '';\nexport const w = 1 as const;\n";
  const files = [parseSource('src/core/x.ts', text)];

  it('are shown once there are more than there were', () => {
    const breaches = claimBreaches(files, { casts: 0, emptyDefaults: 0 });
    expect(breaches.map(({ line, what }) => [line, what])).toEqual([
      [1, 'one of 1 casts, more than 0'],
      [2, "one of 1 times ?? '', more than 0"],
    ]);
    expect(claimBreaches(files, { casts: 1, emptyDefaults: 1 })).toEqual([]);
  });
});
