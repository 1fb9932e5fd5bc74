import { join } from 'node:path';
import { applyFolder } from '../../examples/demo/apply.ts';
import { applyByHand, prepareDemo, swapAndRevert } from '../../examples/demo/demo.ts';
import { endMachines } from '../../examples/demo/end-machines.ts';
import { writeManifests } from '../../examples/demo/manifests.ts';
import { System } from '../../examples/demo/system.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startJudge } from '../support/judge.ts';
import { describe, expect, it } from '../support/runner.ts';

describe('the demo on a cluster', () => {
  it('goes from manifests to booted images that prove their layers', async () => {
    await using folder = await temporaryFolder();
    await using _machines = { [Symbol.asyncDispose]: () => endMachines(folder.path) };
    const judge = await startJudge();
    try {
      const stage = await prepareDemo(folder.path, (line) => process.stderr.write(`${line}\n`));
      const { importRoot } = stage;
      const { kubeconfig } = judge;
      const start = () =>
        System.controller({ dataDir: join(folder.path, 'data'), importRoot, kubeconfig });
      const { first, firstRevision } = await applyByHand(stage, start);
      expect(first.favourite).toBe('browser');
      const system = await start();
      const apply = async (files: ReadonlyMap<string, string>) => {
        await writeManifests(join(folder.path, 'manifests'), files);
        await applyFolder(join(folder.path, 'manifests'), system);
      };
      const { changed, builtByRevert } = await swapAndRevert(stage, system, {
        firstRevision,
        swap: apply,
        revert: () => apply(stage.files),
      });
      expect(changed.favourite).toBe('editor');
      expect(builtByRevert).toEqual([]);
      await system.stop();
    } finally {
      await judge.close();
    }
  });
});
