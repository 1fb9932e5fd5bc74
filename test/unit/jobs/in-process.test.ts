import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Fetched, Transfer } from '../../../src/connectors/connector.ts';
import { transient } from '../../../src/core/failure.ts';
import { holdAlone } from '../../../src/host/lock.ts';
import { run } from '../../../src/host/run.ts';
import { createOverlay } from '../../../src/images/qemu-img.ts';
import { ensureComposition } from '../../../src/jobs/composition.ts';
import { withDisk } from '../../../src/jobs/machine-disk.ts';
import { uploadDisk } from '../../../src/jobs/move-disk.ts';
import { compositionId, type ConnectorRef, type Recipe } from '../../../src/jobs/spec.ts';
import { superseded, type StoreTools } from '../../../src/jobs/tools.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const DIGEST = `sha256:${'0'.repeat(64)}` as const;
const connector: ConnectorRef = { namespace: 'default', name: 'here', location: DIGEST };
const recipe: Recipe = {
  namespace: 'default',
  os: { repository: 'a', tag: 'b', manifest: DIGEST },
  deltas: [],
  task: { role: 'image', title: '', scripts: [], layers: [], shutdownWhenDone: true },
};
const ID = compositionId(recipe);
const SIZE = 2 ** 20;

/** The tools of a job that needs no store; time passes only while it sleeps. */
function toolsOn(work: string, transferFor: StoreTools['transferFor']): StoreTools {
  let now = 0;
  const evidence = { composed: () => Promise.resolve({ id: ID, sizeBytes: SIZE }) };
  const tools: Partial<StoreTools> = {
    run,
    clock: { now: () => now, elapsed: () => now, sleep: (ms) => Promise.resolve(void (now += ms)) },
    signal: new AbortController().signal,
    places: { store: '', work },
    progress: () => undefined,
    transferFor,
    store: { evidence } as never,
  };
  return tools as StoreTools;
}

/** Puts a complete composition into a work folder. */
async function compositionIn(work: string): Promise<void> {
  const folder = join(work, 'composed', ID);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'base.raw'), '');
  await truncate(join(folder, 'base.raw'), SIZE);
  const path = join(folder, 'disk.qcow2');
  await createOverlay(run, { path, backing: { path: 'base.raw', format: 'raw' } });
  await writeFile(join(folder, 'compose.json'), JSON.stringify({ format: 1, sizeBytes: SIZE }));
}

describe('a job', () => {
  it('ends with its own failure, though what it held cannot be let go', async () => {
    await using folder = await temporaryFolder();
    const fetched: Fetched = {
      disk: { path: 'x', format: 'raw' },
      roots: [],
      [Symbol.asyncDispose]: () => Promise.reject(new Error('the lock is gone')),
    };
    const transfer = { download: () => Promise.resolve(fetched) } as Partial<Transfer> as Transfer;
    const tools = toolsOn(folder.path, () => Promise.resolve(transfer));
    const job = { kind: 'inspect', key: 'any', recipe, connector } as const;
    const work = withDisk(job, tools, () => Promise.reject(superseded('the plan')));
    await expect(work).rejects.toMatchObject({ code: 'Superseded' });
  });

  it('does not upload to where its connector led before it composed', async () => {
    await using folder = await temporaryFolder();
    await compositionIn(folder.path);
    const uploaded: string[] = [];
    const upload = (key: string) => Promise.resolve(void uploaded.push(key));
    let asked = 0;
    const tools = toolsOn(folder.path, () => {
      asked += 1;
      if (asked > 1) return Promise.reject(superseded('the connector leads elsewhere'));
      return Promise.resolve({ upload } as Partial<Transfer> as Transfer);
    });
    const job = { kind: 'upload', key: 'any', recipe, connector } as const;
    await expect(uploadDisk(job, tools)).rejects.toMatchObject({ code: 'Superseded' });
    expect(uploaded).toEqual([]);
  });

  it('that would compose what another one composes says so, and stops nobody', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'locks'));
    const letGo = holdAlone(join(folder.path, 'locks', `${ID}.db`), 'the test');
    const tools = toolsOn(folder.path, () => Promise.reject(transient('Unused', 'unused')));
    try {
      await expect(ensureComposition(recipe, tools)).rejects.toMatchObject({
        consequence: 'Busy',
        code: 'BeingComposed',
        hint: expect.not.stringContaining('Stop'),
      });
    } finally {
      letGo();
    }
  });
});
