import { constants, copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../../src/host/run.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import { buildDemoOs } from '../../test/support/demo-os/build.ts';
import { applyFolder } from './apply.ts';
import { Clockwork } from './clockwork.ts';
import { manifests, writeManifests } from './manifests.ts';
import { pathOfImage, prove, type Proof } from './proof.ts';
import { Repository } from './repository.ts';
import { published, showStages, type Say } from './stages.ts';
import { System } from './system.ts';

const TEMPLATE = 'desk';
const TEMPLATE_FILE = '60-template.yaml';
const PUBLISH_MS = 240_000;

/** What the demo saw, for people and for the end-to-end test. */
export interface DemoReport {
  readonly first: Proof;
  readonly firstRevision: string;
  readonly changed: Proof;
  readonly changedRevision: string;
  /** Jobs and machines that the revert needed. */
  readonly builtByRevert: readonly string[];
  /** What the system said about the bad commit. */
  readonly complaint: string;
  /** Whether anything changed by the bad commit. */
  readonly unchangedByBadCommit: boolean;
  readonly times: readonly string[];
}

/** From nothing to a booted layered image, first by kubectl, then from git. */
export async function runDemo(folder: string, say: Say): Promise<DemoReport> {
  const stage = await prepareDemo(folder, say);
  const { importRoot, clockwork } = stage;
  const dataDir = join(folder, 'data');
  const byHand = await applyByHand(stage, () =>
    clockwork.part('lamina up', () => System.start({ dataDir, importRoot })),
  );
  const fromGit = await driveFromGit(stage, byHand.firstRevision);
  const times = clockwork.table();
  say(`\n── times\n${times.join('\n')}`);
  return { ...byHand, ...fromGit, times };
}

/** What all parts of the demo work with. */
export interface Stage {
  readonly folder: string;
  readonly importRoot: string;
  readonly say: Say;
  readonly clockwork: Clockwork;
  readonly files: ReadonlyMap<string, string>;
}

/** The disk to import, and the manifests that name it. */
export async function prepareDemo(folder: string, say: Say): Promise<Stage> {
  const clockwork = new Clockwork(say);
  const importRoot = join(folder, 'import');
  await mkdir(importRoot, { recursive: true });
  const os = await clockwork.part('build a tiny Debian disk (cached)', () => buildDemoOs({ run }));
  await copyFile(os.path, join(importRoot, 'demo-os.raw'), constants.COPYFILE_FICLONE);
  return { folder, importRoot, say, clockwork, files: await manifests(os.sha256) };
}

/** Applies everything by kubectl, and follows it to an image that proves its layers. */
export async function applyByHand(
  stage: Stage,
  start: () => Promise<System>,
): Promise<Pick<DemoReport, 'first' | 'firstRevision'>> {
  const { folder, say, clockwork, files } = stage;
  const system = await start();
  const view = new AbortController();
  try {
    const manifestFolder = join(folder, 'manifests');
    await writeManifests(manifestFolder, files);
    await clockwork.part('kubectl apply -f examples/local/', async () =>
      say(await applyFolder(manifestFolder, system)),
    );
    const { revision, image } = await clockwork.part(
      'build every layer once, in real machines, and publish',
      async () => {
        const shown = showStages(system.client, say, view.signal);
        const done = await published(system.client, TEMPLATE, { timeoutMs: PUBLISH_MS });
        view.abort();
        await shown;
        return done;
      },
    );
    const first = await proven(stage, system, image);
    return { first, firstRevision: revision };
  } finally {
    view.abort();
    await system.stop();
  }
}

async function proven({ say, clockwork }: Stage, system: System, image: string): Promise<Proof> {
  const path = await pathOfImage(system.client, image);
  return clockwork.part(`boot ${image} and ask it`, async () => {
    const proof = await prove(path);
    say(`   layers, lowest first: ${proof.layers.join(' < ')}`);
    say(`   both applications write /etc/favourite; it says: ${proof.favourite}`);
    say(`   all three layers write /etc/strongest; it says: ${proof.strongest}`);
    say(`   the script of the browser ran: ${proof.firstBoot}`);
    return proof;
  });
}

async function driveFromGit(
  stage: Stage,
  firstRevision: string,
): Promise<Omit<DemoReport, 'first' | 'firstRevision' | 'times'>> {
  const { folder, importRoot, say, clockwork, files } = stage;
  const repository = await Repository.create(join(folder, 'repository'));
  await repository.commit('declare the desk', files);
  const source = `file://${repository.path}#main`;
  const options = { dataDir: join(folder, 'data'), importRoot, source };
  const system = await clockwork.part('lamina up --source, on the same data', async () => {
    const started = await System.start(options);
    await published(started.client, TEMPLATE, { revision: firstRevision, timeoutMs: 30_000 });
    return started;
  });
  try {
    const swap = await swapAndRevert(stage, system, {
      firstRevision,
      swap: async (changed) =>
        say(`   commit ${await repository.commit('let the editor win', changed)}`),
      revert: async () => say(`   commit ${await repository.revert()}`),
    });
    const bad = await clockwork.part('a bad commit: nothing changes', () =>
      badCommit(stage, system, repository),
    );
    return { ...swap, ...bad };
  } finally {
    await system.stop();
  }
}

/** How the two changes get to the controllers. */
interface Changes {
  readonly firstRevision: string;
  readonly swap: (files: ReadonlyMap<string, string>) => Promise<void>;
  readonly revert: () => Promise<void>;
}

/** Swaps the applications of the template, and swaps them back. */
export async function swapAndRevert(
  stage: Stage,
  system: System,
  { firstRevision, swap, revert }: Changes,
): Promise<Pick<DemoReport, 'changed' | 'changedRevision' | 'builtByRevert'>> {
  const { clockwork, files } = stage;
  const { revision: changedRevision, image } = await clockwork.part(
    'a change swaps the applications: publish again, build no layer',
    async () => {
      await swap(swapped(files));
      const timeoutMs = PUBLISH_MS;
      return published(system.client, TEMPLATE, { notRevision: firstRevision, timeoutMs });
    },
  );
  const changed = await proven(stage, system, image);
  const builtByRevert = await clockwork.part('a revert: nothing is built', async () => {
    await revert();
    return builtDuring(system, () =>
      published(system.client, TEMPLATE, { revision: firstRevision, timeoutMs: 60_000 }),
    );
  });
  return { changed, changedRevision, builtByRevert };
}

function swapped(files: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const text = files.get(TEMPLATE_FILE) ?? '';
  const lines = text.split('\n');
  const editor = lines.findIndex((line) => line.includes('name: editor'));
  const [line = ''] = lines.splice(editor, 1);
  lines.splice(editor + 1, 0, line);
  return new Map([[TEMPLATE_FILE, lines.join('\n')]]);
}

/** Names of machines and of images in work that were seen meanwhile. */
async function builtDuring(
  system: System,
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  const seen = new Set<string>();
  const over = new AbortController();
  const before = await names(system, 'LayeredImage');
  const watching = (async () => {
    while (!over.signal.aborted) {
      for (const name of await names(system, 'PackagingMachine')) seen.add(name);
      for (const name of await names(system, 'LayeredImage')) {
        if (!before.includes(name)) seen.add(name);
      }
      await delay(100, undefined, { signal: over.signal }).catch(() => undefined);
    }
  })();
  await work();
  over.abort();
  await watching;
  return [...seen];
}

async function names(system: System, kind: string): Promise<readonly string[]> {
  const { items } = await system.client.list(resourceOf(kind));
  return items.map(({ metadata }) => metadata.name);
}

async function badCommit(
  { say, files }: Stage,
  system: System,
  repository: Repository,
): Promise<Pick<DemoReport, 'complaint' | 'unchangedByBadCommit'>> {
  const versionsOf = async () => {
    const { items } = await system.client.list(resourceOf('ImageTemplate'));
    return items.map(({ metadata }) => metadata.resourceVersion).join();
  };
  const before = await versionsOf();
  const text = files.get(TEMPLATE_FILE) ?? '';
  const bad = text
    .replace('provisioning: None', 'provisioning: Magic')
    .replace('prod }', 'prod, since: now }');
  say(`   commit ${await repository.commit('break the desk', new Map([[TEMPLATE_FILE, bad]]))}`);
  const complaint = await heard(system, TEMPLATE_FILE);
  say(`   ${complaint}`);
  return { complaint, unchangedByBadCommit: (await versionsOf()) === before };
}

/** The first thing that the system says about a file. */
async function heard(system: System, file: string): Promise<string> {
  const until = performance.now() + 30_000;
  for (;;) {
    const line = system.log.find((entry) => entry.includes(`${file}:`));
    if (line !== undefined) return (JSON.parse(line) as { problem?: string }).problem ?? line;
    if (performance.now() > until) throw new Error(`nothing was said about ${file}`);
    await delay(100);
  }
}
