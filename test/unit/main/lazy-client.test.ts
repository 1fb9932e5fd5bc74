import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { System } from '../../../examples/demo/system.ts';
import { run } from '../../../src/host/run.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

/* The client library of Kubernetes costs 90 MB and a quarter of a second. */

const SAID = 'loaded the client library';
const HOOK = `
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      if (url.includes('/@kubernetes/client-node/')) process.stderr.write('${SAID}\\n');
      return next(url, context);
    },
  });`;
const MAIN = join(import.meta.dirname, '../../../src/main/main.ts');
const program = [
  process.execPath,
  '--import',
  `data:text/javascript,${encodeURIComponent(HOOK)}`,
  MAIN,
];

describe('the client library of Kubernetes', () => {
  it('is not loaded by lamina up', async () => {
    await using folder = await temporaryFolder();
    const [dataDir, importRoot] = [join(folder.path, 'data'), join(folder.path, 'import')];
    await mkdir(importRoot);
    const system = await System.start({ dataDir, importRoot, program });
    await system.client.list(resourceOf('OSLayer'));
    await system.stop();
    expect(system.log).not.toContain(SAID);
  });

  it('is loaded by lamina controller', async () => {
    await using folder = await temporaryFolder();
    const [file = '', ...first] = program;
    const args = ['controller', '--data', folder.path, '--kubeconfig', join(folder.path, 'none')];
    const { code, stderr } = await run(file, [...first, ...args], { okCodes: [1] });
    expect(code).toBe(1);
    expect(stderr).toContain(SAID);
    expect(stderr).toContain('no credential for the cluster: ');
  });
});
