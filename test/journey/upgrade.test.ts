import { mkdir, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { System } from '../../examples/demo/system.ts';
import type { ApiObject } from '../../src/api/object.ts';
import { run } from '../../src/host/run.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import { holds } from '../../src/reconcilers/objects.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createAll, follow, Installation, object } from '../support/installation.ts';
import { describe, expect, it } from '../support/runner.ts';
import { SerialConsole } from '../support/serial-console.ts';

/** The last commit of release 0.1.0, whose data folders must live on. */
const OLD_RELEASE = '355e478a35f7287be7f4d468b785f6401c701ba9';
const ROOT = join(import.meta.dirname, '../..');

const { code } = await run('git', ['-C', ROOT, 'cat-file', '-e', `${OLD_RELEASE}^{commit}`], {
  okCodes: [0, 1, 128],
});
const missing = code === 0 ? '' : ' (skipped: the history ends after the old release)';
const test = missing === '' ? it : it.skip;

/** Lays out the old release as it was. It takes its packages from ours: typebox is there for it alone. */
async function layOut(folder: string): Promise<void> {
  await mkdir(folder);
  const archive = join(folder, 'release.tar');
  await run('git', ['-C', ROOT, 'archive', '-o', archive, OLD_RELEASE]);
  await run('tar', ['-xf', archive, '-C', folder]);
  await rm(archive);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
}

interface Seen {
  readonly action?: { readonly gate: string; readonly text: string };
  readonly location?: { readonly path?: string };
  readonly revision?: string;
  readonly published?: unknown;
}
const seen = ({ status }: ApiObject) => (status ?? {}) as Seen;
const asks = (gate: string) => (version: ApiObject) => seen(version).action?.gate === gate;
const isReady = (item: ApiObject) => holds(item, 'Ready');

function manifests(installation: Installation): readonly ApiObject[] {
  const connectorRef = { name: 'here' };
  return [
    // A field that is gone by now.
    object('ConnectorConfig', 'here', { local: { memory: '256Mi', keepRunning: true } }),
    installation.operatingSystem(),
    object('AppLayer', 'tool', {
      osLayer: { name: 'tiny' },
      packaging: { connectorRef },
      versions: [{ name: '1', osVersion: '1', instructions: 'Write /etc/by-hand.' }],
    }),
    object('ImageTemplate', 'desk', {
      osLayer: { name: 'tiny', channel: 'prod' },
      targets: [{ name: 'here', connectorRef, provisioning: 'None' }],
    }),
  ];
}

describe('a data folder of the release before', () => {
  test(`lives on, with a machine that a person works in and an image that is published${missing}`, async () => {
    await using folder = await temporaryFolder();
    const release = join(folder.path, 'release');
    await layOut(release);
    await using installation = await Installation.create(folder.path);
    const { dataDir, importRoot } = installation;

    const old = await System.start({ dataDir, importRoot, program: [join(release, 'lamina')] });
    await createAll(old.client, manifests(installation));
    const waiting = await follow(old.client, 'LayerVersion', asks('InstallSoftware'));
    const template = await follow(old.client, 'ImageTemplate', isReady);
    const image = await follow(old.client, 'LayeredImage', isReady);
    const published = seen(image).location?.path ?? '';
    const before = await stat(published);
    const console = await SerialConsole.open(seen(waiting).location?.path ?? '');
    await console.sh('echo by hand > /etc/by-hand');
    console.close();
    const [machine] = await installation.machineProcesses();
    await old.stop();

    const now = await installation.start();
    // Adopted as it is: the same image, the same machine, the same person.
    const found = await follow(
      now.client,
      'LayeredImage',
      (item) => isReady(item) && seen(item).published !== undefined,
    );
    expect(found.metadata.uid).toBe(image.metadata.uid);
    expect(seen(found).location?.path).toBe(published);
    const desk = await follow(now.client, 'ImageTemplate', isReady);
    expect(seen(desk).revision).toBe(seen(template).revision);
    expect((await now.client.list(resourceOf('LayeredImage'))).items).toHaveLength(1);
    expect(await installation.machineProcesses()).toEqual([machine]);
    const still = await follow(now.client, 'LayerVersion', asks('InstallSoftware'));
    expect(still.metadata.uid).toBe(waiting.metadata.uid);

    const again = await SerialConsole.open(seen(still).location?.path ?? '');
    expect((await again.sh('cat /etc/by-hand')).output.trim()).toBe('by hand');
    void again.sh('/var/lib/lamina/finish').catch(() => undefined);
    await follow(
      now.client,
      'LayerVersion',
      (item) => item.metadata.name === waiting.metadata.name && isReady(item),
    );
    const { ino, mtimeMs } = await stat(published);
    expect([ino, mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(await installation.machineProcesses()).toEqual([]);
    await now.stop();
  });
});
