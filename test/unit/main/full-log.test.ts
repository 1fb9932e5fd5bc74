import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { kubeClient } from '../../../src/kube/client.ts';
import { readKubeconfig } from '../../../src/kube/kubeconfig.ts';
import { networkTransport } from '../../../src/kube/network.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { follow } from '../../support/installation.ts';
import { describe, expect, it } from '../../support/runner.ts';

const LAUNCHER = join(import.meta.dirname, '../../../lamina');

const layer = (name: string) => `apiVersion: lamina.dev/v1alpha1
kind: OSLayer
metadata: {name: ${name}}
spec: {versions: [{name: "1", import: {disk: {file: none, format: raw, sha256: "${'0'.repeat(64)}"}}}]}
`;

describe('lamina up whose log goes to a full disk', () => {
  it('works on and ends in order', async () => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, 'data');
    const source = join(folder.path, 'source');
    await mkdir(source);
    await writeFile(join(source, 'one.yaml'), layer('one'));
    const child = spawn(LAUNCHER, ['up', '--data', data, '--source', source], {
      // A device on which every write fails for want of room.
      stdio: ['ignore', 'pipe', openSync('/dev/full', 'w')],
    });
    const exited = once(child, 'exit');
    try {
      if (child.stdout === null) throw new Error('no output');
      await once(createInterface({ input: child.stdout }), 'line');
      const transport = networkTransport(await readKubeconfig(join(data, 'kubeconfig')));
      const client = kubeClient(transport.send);
      await follow(client, 'OSLayer', ({ metadata }) => metadata.name === 'one');
      // That the first was applied is logged before the second is.
      await writeFile(join(source, 'two.yaml'), layer('two'));
      await follow(client, 'OSLayer', ({ metadata }) => metadata.name === 'two');
      await transport.close();
    } finally {
      child.kill('SIGTERM');
    }
    expect(await exited).toEqual([0, null]);
  });
});
