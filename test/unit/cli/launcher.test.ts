import { chmod, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/host/run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const ROOT = join(import.meta.dirname, '../../..');

describe('./lamina', () => {
  it('runs from any folder, through links, with the pinned Node', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'bin'));
    await symlink(join(ROOT, 'lamina'), join(folder.path, 'direct'));
    await symlink('../direct', join(folder.path, 'bin/lamina'));
    const { stdout } = await run(join(folder.path, 'bin/lamina'), ['version', '-o', 'json'], {
      cwd: folder.path,
    });
    const { node } = JSON.parse(stdout) as { node: string };
    expect(Number(node.split('.')[0])).toBeGreaterThanOrEqual(24);
  });

  it('hands on arguments and exit codes', async () => {
    const { code, stderr } = await run(join(ROOT, 'lamina'), ['validate', 'a b', '--x=$(id)'], {
      okCodes: [2],
    });
    expect(code).toBe(2);
    expect(stderr).toContain("unknown option '--x=$(id)'");
  });

  it.each([
    { why: 'too old', node: '#!/bin/sh\necho 18\n' },
    { why: 'missing', node: undefined },
  ])('says what to do when Node is $why', async ({ node }) => {
    await using folder = await temporaryFolder();
    await cp(join(ROOT, 'lamina'), join(folder.path, 'lamina'));
    const bin = join(folder.path, 'bin');
    await mkdir(bin);
    for (const tool of ['dirname', 'readlink']) await symlink(`/usr/bin/${tool}`, join(bin, tool));
    if (node !== undefined) {
      await writeFile(join(bin, 'node'), node);
      await chmod(join(bin, 'node'), 0o755);
    }
    const { code, stderr } = await run('/bin/sh', [join(folder.path, 'lamina'), 'version'], {
      env: { PATH: bin },
      okCodes: [2],
    });
    expect(code).toBe(2);
    expect(stderr).toContain('needs Node 24 or newer; "make setup"');
  });
});
