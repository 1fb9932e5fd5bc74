import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { crd } from '../api/crd.ts';
import { KINDS } from '../api/kinds/all.ts';
import { referencePage } from '../api/reference-page.ts';
import { isObject } from '../core/json.ts';
import { isMissing, writeFileAtomic } from '../host/files.ts';
import { yamlText } from '../host/yaml.ts';
import { clusterRoles, namespaceRoles } from './rbac.ts';

const HEADER = '# Made by `make generate`; do not edit.\n';
/** Folders that hold nothing but generated files. */
const FOLDERS = ['crds', 'docs/rbac', 'docs/reference'];

/** The first manifest of each kind under examples/local, as it is written there. */
async function examples(root: string): Promise<ReadonlyMap<string, string>> {
  const folder = join(root, 'examples', 'local');
  const found = new Map<string, string>();
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort()) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const document of parseAllDocuments(text)) {
      const value: unknown = document.toJS();
      const [start, , end] = document.range;
      const kind = isObject(value) ? String(value['kind']) : '';
      if (!found.has(kind)) found.set(kind, text.slice(start, end).replace(/^(#.*)?\n/gm, ''));
    }
  }
  return found;
}

/** Every generated file by its path. */
export async function generated(root: string): Promise<ReadonlyMap<string, string>> {
  const samples = await examples(root);
  const files = KINDS.flatMap((definition) => [
    [`crds/${definition.plural}.yaml`, HEADER + yamlText(crd(definition))] as const,
    [
      `docs/reference/${definition.singular}.md`,
      referencePage(definition, samples.get(definition.kind)),
    ] as const,
  ]);
  return new Map([...files, ...rightsFiles()]);
}

/** The rights of `lamina controller`, in the two ways that it runs. */
function rightsFiles(): readonly (readonly [string, string])[] {
  const files = [
    ['docs/rbac/cluster.yaml', clusterRoles()],
    ['docs/rbac/namespace.yaml', namespaceRoles()],
  ] as const;
  return files.map(([path, roles]) => [path, HEADER + roles.map(yamlText).join('---\n')]);
}

async function present(root: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const folder of FOLDERS) {
    const names = await readdir(join(root, folder)).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    for (const name of names) {
      found.set(`${folder}/${name}`, await readFile(join(root, folder, name), 'utf8'));
    }
  }
  return found;
}

/** Paths of generated files that are missing, outdated, or made from nothing any more. */
export async function staleFiles(root: string): Promise<readonly string[]> {
  const [wanted, there] = await Promise.all([generated(root), present(root)]);
  const paths = new Set([...wanted.keys(), ...there.keys()]);
  return [...paths].filter((path) => wanted.get(path) !== there.get(path)).sort();
}

/** Writes what is stale and removes what nothing makes any more. */
export async function generate(root: string): Promise<readonly string[]> {
  const wanted = await generated(root);
  const stale = await staleFiles(root);
  for (const path of stale) {
    const content = wanted.get(path);
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (content === undefined) await rm(join(root, path));
    else await writeFileAtomic(join(root, path), content);
  }
  return stale;
}

if (import.meta.main) {
  const changed = await generate(join(import.meta.dirname, '..', '..'));
  console.log(changed.length === 0 ? 'nothing to generate' : changed.join('\n'));
}
