import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { runDemo } from '../../examples/demo/demo.ts';
import { endMachines } from '../../examples/demo/end-machines.ts';
import { run } from '../../src/host/run.ts';
import { temporaryFolder } from '../support/folder.ts';
import { describe, expect, it } from '../support/runner.ts';

describe('the demo', () => {
  it('goes from manifests and commits to booted images that prove their layers', async () => {
    await using folder = await temporaryFolder();
    await using _machines = { [Symbol.asyncDispose]: () => endMachines(folder.path) };
    const report = await runDemo(folder.path, () => undefined);
    expect(report.first).toEqual({
      layers: ['tiny 12.1', 'app/editor 1', 'app/browser 1', 'platform/qemu 1'],
      markers: ['browser', 'editor', 'qemu'],
      favourite: 'browser',
      strongest: 'platform',
      motd: 'Tiny Debian 12.1',
      firstBoot: 'first boot of demo',
    });
    expect(report.changed).toEqual({
      ...report.first,
      layers: ['tiny 12.1', 'app/browser 1', 'app/editor 1', 'platform/qemu 1'],
      favourite: 'editor',
    });
    expect(report.changedRevision).not.toBe(report.firstRevision);
    expect(report.builtByRevert).toEqual([]);
    expect(report.complaint).toMatch(/^60-template\.yaml:\d+:\d+: /);
    expect(report.unchangedByBadCommit).toBe(true);
    const images = join(folder.path, 'data/machines');
    const published = (await readdir(images, { recursive: true })).filter((name) =>
      name.endsWith('.qcow2'),
    );
    expect(published).toHaveLength(2);
    for (const name of published)
      await run('qemu-img', ['check', '-f', 'qcow2', join(images, name)]);
  });
});
