/*
 * Sources that are large, and sources that somebody made to hurt: how long the thread of the API is held up, and
 * how much memory its process and the reader's take. Each in processes of their own.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { workTree } from '../test/support/git.ts';
import { deltaBomb, repeated, sharedTrees, writeAll } from '../test/support/hostile-source.ts';
import { below, benchmark, rounded, type Figure } from './support/figures.ts';

interface Followed {
  readonly seconds: number;
  readonly stallMs: number;
  readonly grownMiB: number;
  readonly readerMiB: number;
  readonly problem: string;
}

type Make = (folder: string) => Promise<string>;

const directory =
  (files: ReadonlyMap<string, string>): Make =>
  async (folder) => {
    await writeAll(folder, files);
    return folder;
  };

const repository =
  (fill: (tree: Awaited<ReturnType<typeof workTree>>) => Promise<void>): Make =>
  async (folder) => {
    const tree = await workTree(folder);
    await fill(tree);
    return `${folder}/.git#main`;
  };

function manifests(files: number, perFile: number): ReadonlyMap<string, string> {
  const one = (name: string) =>
    `---\napiVersion: lamina.dev/v1alpha1\nkind: AppLayer\nmetadata: {name: ${name}}\nspec:\n` +
    '  osLayer: {name: win11}\n  packaging: {connectorRef: {name: lab}}\n' +
    '  versions: [{name: "1", osVersion: "2026-10", instructions: Click next}]\n';
  const file = (i: number) =>
    Array.from({ length: perFile }, (_, j) => one(`a-${i}-${j}`)).join('');
  return new Map(Array.from({ length: files }, (_, i) => [`f${i}.yaml`, file(i)]));
}

function configMaps(count: number): ReadonlyMap<string, string> {
  const one = (i: number) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c-${i}}\ndata: {a: ${'x'.repeat(5e5)}}\n`;
  return new Map(Array.from({ length: count }, (_, i) => [`c${i}.yaml`, one(i)]));
}

const SOURCES: ReadonlyMap<string, Make> = new Map([
  ['10,000 applications in 10 files', directory(manifests(10, 1000))],
  ['30 ConfigMaps of 500 kB', directory(configMaps(30))],
  ['14 MiB of "["', directory(repeated(14, '['))],
  ['14 MiB of "? "', directory(repeated(14, '? '))],
  ['14 MiB of "&a "', directory(repeated(14, '&a '))],
  ['14 MiB of short lines', directory(repeated(14, '- x\n'))],
  [
    'trees that name 10^10 files',
    repository((tree) => sharedTrees(tree, { width: 10, depth: 10, leaf: 'file' })),
  ],
  ['2 GiB told in 3 KiB of deltas', repository((tree) => deltaBomb(tree, 2048))],
]);

async function follow(folder: string, location: string): Promise<Followed> {
  const script = join(import.meta.dirname, 'source-follower.ts');
  const args = ['--disable-warning=ExperimentalWarning', script, folder, location];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return JSON.parse(said) as Followed;
}

async function measure(what: string, make: Make): Promise<readonly Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'lamina-bench-'));
  try {
    const followed = await follow(join(folder, 'data'), await make(join(folder, 'source')));
    const { seconds, stallMs, grownMiB, readerMiB, problem } = followed;
    const end = problem === '' ? 'applied' : problem.slice(0, 60);
    return [
      {
        what: `${what}: the API is held up`,
        value: stallMs,
        unit: 'ms',
        ...below(50),
        beside: end,
      },
      {
        what: `${what}: its process grows by`,
        value: grownMiB,
        unit: 'MiB',
        beside: `reader at most ${rounded(readerMiB)} MiB; first look ${rounded(seconds)} s`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

await benchmark('sources', async (say) => {
  const figures: Figure[] = [];
  for (const [what, make] of SOURCES) {
    say(what);
    figures.push(...(await measure(what, make)));
  }
  return figures;
});
