import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crd, openApiSchema } from '../../../src/api/crd.ts';
import type { KindDefinition } from '../../../src/api/kind.ts';
import { KINDS } from '../../../src/api/kinds/all.ts';
import { referencePage } from '../../../src/api/reference-page.ts';
import { validateSnapshot, problemLines } from '../../../src/sources/validate.ts';
import { readDirectory } from '../../../src/sources/directory.ts';
import { generated, staleFiles } from '../../../src/main/generate.ts';
import { describe, expect, it } from '../../support/runner.ts';

const ROOT = join(import.meta.dirname, '../../..');

type Node = Record<string, any>;

/** What `SchemaNode` and `checkObject` know, by type. Anything else would not be enforced. */
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: [
    'properties',
    'required',
    'additionalProperties',
    'maxProperties',
    'x-kubernetes-validations',
  ],
  array: ['items', 'minItems', 'maxItems', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys'],
  string: ['enum', 'pattern', 'format', 'minLength', 'maxLength'],
  integer: ['minimum', 'maximum'],
  boolean: [],
};
const COMMON = ['type', 'description', 'default'];

/** RE2 has neither look-around nor back references, and writes code points as \x. */
function isForRe2(pattern: string): boolean {
  return !/\(\?[=!<]|\\[1-9uk]|\(\?/.test(pattern);
}

function boundComplaints(node: Node, path: string): string[] {
  const bounds: Readonly<Record<string, string>> = { array: 'maxItems', string: 'maxLength' };
  const bound = node['additionalProperties'] ? 'maxProperties' : bounds[node['type'] as string];
  const isClosed = node['enum'] || node['format'] || ['apiVersion', 'kind'].includes(path);
  return bound === undefined || node[bound] !== undefined || isClosed
    ? []
    : [`${path}: no ${bound}`];
}

function patternComplaints({ pattern }: Node, path: string): string[] {
  if (typeof pattern !== 'string') return [];
  return [
    ...(isForRe2(pattern) ? [] : [`${path}: pattern not for RE2`]),
    ...(/^\^.*\$$/s.test(pattern) ? [] : [`${path}: not anchored`]),
  ];
}

function childrenOf(node: Node, path: string): [string, Node][] {
  const fields = Object.entries((node['properties'] ?? {}) as Record<string, Node>);
  const others = { '[]': node['items'] as Node, '.*': node['additionalProperties'] as Node };
  return [
    ...fields.map(([name, child]): [string, Node] => [
      path === '' ? name : `${path}.${name}`,
      child,
    ]),
    ...Object.entries(others)
      .filter(([, child]) => child !== undefined)
      .map(([suffix, child]): [string, Node] => [path + suffix, child]),
  ];
}

function complaints(node: Node, path: string): string[] {
  const known = [...COMMON, ...(KEYWORDS[node['type'] as string] ?? [])];
  return [
    ...Object.keys(node)
      .filter((keyword) => !known.includes(keyword))
      .map((keyword) => `${path}: keyword ${keyword}`),
    ...(node['description'] || path === 'metadata' ? [] : [`${path}: no description`]),
    ...(node['properties'] && node['additionalProperties']
      ? [`${path}: both kinds of fields`]
      : []),
    ...boundComplaints(node, path),
    ...patternComplaints(node, path),
    ...keyComplaints(node, path),
    ...childrenOf(node, path).flatMap(([below, child]) => complaints(child, below)),
  ];
}

function keyComplaints(node: Node, path: string): string[] {
  const keys = (node['x-kubernetes-list-map-keys'] ?? []) as string[];
  const item = (node['items'] ?? {}) as Node;
  return [
    ...(node['x-kubernetes-list-type'] === undefined || node['x-kubernetes-list-type'] === 'map'
      ? []
      : [`${path}: list type`]),
    ...keys
      .filter((key) => !(item['required'] as string[] | undefined)?.includes(key))
      .map((key) => `${path}: key ${key} is not required`),
  ];
}

describe.each(KINDS.map((definition) => [definition.kind, definition] as const))(
  'the definition of %s',
  (_kind, definition: KindDefinition) => {
    it('is structural, bounded and described to its last field', () => {
      expect(complaints(openApiSchema(definition), '')).toEqual([]);
    });

    it('says of each condition what it means, and of each reason too', () => {
      expect(definition.conditions.map(({ type }) => type)).toContain('Ready');
      for (const { type, meaning, reasons } of definition.conditions) {
        expect(type).toMatch(/^[A-Z][A-Za-z]+$/);
        expect(meaning).toMatch(/\.$/);
        for (const [reason, text] of Object.entries(reasons)) {
          expect(reason).toMatch(/^[A-Z][A-Za-z]+$/);
          expect(text).toMatch(/\.$/);
        }
      }
    });

    it('names no CEL word that is reserved', () => {
      for (const { cel } of definition.rules) {
        expect(cel).not.toMatch(
          /\.(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace|return|var|void|while)\b/,
        );
      }
    });

    it('has a CRD whose columns point at fields that are there', () => {
      const schema: Node = openApiSchema(definition);
      for (const { jsonPath } of definition.columns) {
        const names = jsonPath
          .replace(/\[\?\(.*?\)\]/g, '.items')
          .split('.')
          .slice(1);
        let node: Node | undefined = schema;
        for (const name of names)
          node =
            node?.['properties']?.[name] ??
            (name === 'items' ? node?.['items'] : node?.['properties']?.[name]);
        expect(names[0] === 'metadata' || node !== undefined ? '' : jsonPath).toBe('');
      }
      expect(crd(definition)).toMatchObject({ spec: { names: { kind: definition.kind } } });
    });

    it('has a page that shows every field, condition and reason', () => {
      const page = referencePage(definition);
      for (const { type, reasons } of definition.conditions) {
        expect(page).toContain(`### ${type}\n`);
        for (const reason of Object.keys(reasons)) expect(page).toContain(`| \`${reason}\` |`);
      }
      const schema: Node = openApiSchema(definition);
      const paths = Object.keys(schema['properties']['spec']['properties'] as object);
      for (const name of paths) expect(page).toContain(`| \`spec.${name}\` |`);
    });
  },
);

it.each([
  { why: 'an unbounded text', node: { type: 'string', description: 'x' }, want: 'f: no maxLength' },
  { why: 'a field without words', node: { type: 'boolean' }, want: 'f: no description' },
  {
    why: 'a keyword that nobody enforces',
    node: { type: 'integer', description: 'x', multipleOf: 5 },
    want: 'f: keyword multipleOf',
  },
  {
    why: 'a pattern that RE2 does not take',
    node: { type: 'string', description: 'x', maxLength: 5, pattern: '^[^\\u0000]$' },
    want: 'f: pattern not for RE2',
  },
  {
    why: 'an open pattern',
    node: { type: 'string', description: 'x', maxLength: 5, pattern: 'a' },
    want: 'f: not anchored',
  },
  { why: 'an unbounded list', node: { type: 'array', description: 'x' }, want: 'f: no maxItems' },
  {
    why: 'a list key that may be missing',
    node: {
      type: 'array',
      description: 'x',
      maxItems: 1,
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', description: 'x' },
    },
    want: 'f: key name is not required',
  },
])('the test of definitions finds $why', ({ node, want }) => {
  expect(complaints(node, 'f')).toEqual([want]);
});

it('generated files are current: make generate', async () => {
  expect(await staleFiles(ROOT)).toEqual([]);
});

it('everything that people write has an example on its page', async () => {
  const pages = await generated(ROOT);
  for (const { singular } of KINDS.filter(({ writtenBy }) => writtenBy === 'people')) {
    expect(pages.get(`docs/reference/${singular}.md`)).toContain('```yaml\napiVersion: ');
  }
});

it('every example is valid, each folder as one set', async () => {
  const root = join(ROOT, 'examples');
  const folders = (await readdir(root, { withFileTypes: true })).filter((entry) =>
    entry.isDirectory(),
  );
  const checked: string[] = [];
  for (const { name } of folders) {
    const { objects, problems } = validateSnapshot(await readDirectory(join(root, name)));
    expect(problemLines(problems)).toEqual([]);
    if (objects.length > 0) checked.push(name);
  }
  expect(checked).toContain('local');
});

it('every manifest in the documentation is valid YAML of ours', async () => {
  const text = await readFile(join(ROOT, 'docs/reference/applayer.md'), 'utf8');
  const [, yaml = ''] = /```yaml\n([^]*?)```/.exec(text) ?? [];
  const files = [{ path: 'page.yaml', text: yaml }];
  expect(validateSnapshot({ files, problems: [] }).objects).toHaveLength(1);
});
