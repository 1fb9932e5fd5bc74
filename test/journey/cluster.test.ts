import { join } from 'node:path';
import { applyFolder } from '../../examples/demo/apply.ts';
import { applyByHand, prepareDemo, swapAndRevert } from '../../examples/demo/demo.ts';
import { endMachines } from '../../examples/demo/end-machines.ts';
import { writeManifests } from '../../examples/demo/manifests.ts';
import { System } from '../../examples/demo/system.ts';
import type { ApiObject } from '../../src/api/object.ts';
import { LEASES, resourceOf } from '../../src/kube/resource.ts';
import { holds, stageOf } from '../../src/reconcilers/objects.ts';
import {
  asAdmin,
  CONTROLLER,
  controllerKubeconfig,
  grant,
  rightsGranted,
  rightsUsed,
  withdraw,
} from '../support/cluster-user.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createAll, follow, Installation, machinesMade, object } from '../support/installation.ts';
import { judgeMissing, startJudge } from '../support/judge.ts';
import { describe, expect, it } from '../support/runner.ts';
import { until } from '../support/until.ts';

const missing = judgeMissing();
const test = missing === undefined ? it : it.skip;
const title = missing === undefined ? 'a real kube-apiserver' : `a cluster: ${missing}`;

/** Rights that the way from manifests to images and back has no use for. */
const FOR_OTHERS = [
  { why: 'a look at the server after a conflict', rights: /^get lamina\.dev\/[a-z]+$/ },
  { why: 'what nobody wants any more before it is done', rights: /^delete .*(versions|images)$/ },
  { why: 'asked for by admission: taken away below', rights: /^update .*\/finalizers$/ },
  { why: 'a connector with a password, media behind a login', rights: /^get secrets$/ },
];

/** A judge where the controller has the rights of its role, in one namespace or in all. */
async function judgeFor(namespace: string | undefined) {
  const judge = await startJudge({ users: [CONTROLLER] });
  await grant(judge, namespace);
  return {
    ...judge,
    controller: await controllerKubeconfig(judge),
    [Symbol.asyncDispose]: () => judge.close(),
  };
}

function tool(): ApiObject {
  return object('AppLayer', 'tool', {
    osLayer: { name: 'tiny' },
    packaging: { connectorRef: { name: 'here' } },
    versions: [{ name: '1', osVersion: '1', install: { steps: [{ run: 'true' }] } }],
  });
}

describe(`lamina controller on ${title}`, () => {
  test('goes from manifests to booted images that prove their layers', async () => {
    await using folder = await temporaryFolder();
    await using _machines = { [Symbol.asyncDispose]: () => endMachines(folder.path) };
    await using judge = await judgeFor(undefined);
    const stage = await prepareDemo(folder.path, () => undefined);
    const start = () =>
      System.controller({
        dataDir: join(folder.path, 'data'),
        importRoot: stage.importRoot,
        kubeconfig: judge.kubeconfig,
        controllerKubeconfig: judge.controller,
      });
    const { first, firstRevision } = await applyByHand(stage, start);
    expect(first.layers).toEqual(['tiny 12.1', 'app/editor 1', 'app/browser 1', 'platform/qemu 1']);
    expect(first.favourite).toBe('browser');
    const system = await start();
    try {
      const manifests = join(folder.path, 'manifests');
      const apply = async (files: ReadonlyMap<string, string>) => {
        await writeManifests(manifests, files);
        await applyFolder(manifests, system);
      };
      const { changed, changedRevision, builtByRevert } = await swapAndRevert(stage, system, {
        firstRevision,
        swap: apply,
        revert: () => apply(stage.files),
      });
      expect(changed.favourite).toBe('editor');
      expect(changedRevision).not.toBe(firstRevision);
      expect(builtByRevert).toEqual([]);
      await asAdmin(
        judge,
        ['delete', 'imagetemplate', 'desk', '--timeout=120s'],
        ['delete', 'applayer', 'browser', 'editor', '--timeout=120s'],
      );
      await until('what was made for them is gone', async () => {
        const images = await system.client.list(resourceOf('LayeredImage'));
        const versions = await system.client.list(resourceOf('LayerVersion'));
        const apps = versions.items.filter(({ metadata }) => metadata.name.startsWith('apl-'));
        return images.items.length + apps.length === 0;
      });
    } finally {
      await system.stop();
    }
    const { used, forbidden } = await rightsUsed(judge);
    expect(forbidden).toEqual([]);
    const needless = (await rightsGranted())
      .filter((right) => !used.has(right))
      .filter((right) => !FOR_OTHERS.some(({ rights }) => rights.test(right)));
    expect(needless).toEqual([]);
  });

  test('does nothing twice when the one that leads is killed, and needs all its rights', async () => {
    await using folder = await temporaryFolder();
    await using installation = await Installation.create(folder.path);
    await using judge = await judgeFor('default');
    const { dataDir, importRoot } = installation;
    const start = () =>
      System.controller({
        dataDir,
        importRoot,
        kubeconfig: judge.kubeconfig,
        controllerKubeconfig: judge.controller,
        args: ['--namespace', 'default'],
      });
    const first = await start();
    await using running = new AsyncDisposableStack();
    running.defer(() => first.kill());
    const made = machinesMade(first.client);
    const waiting = start();
    await createAll(first.client, [...installation.base(), tool()]);
    const isApp = (version: ApiObject) => version.metadata.name.startsWith('apl-');
    await follow(
      first.client,
      'LayerVersion',
      (item) => isApp(item) && stageOf(item) === 'Packaging',
    );
    const machines = await installation.machineProcesses();
    expect(machines).toHaveLength(1);
    await first.kill();

    const second = await waiting;
    running.defer(() => second.stop());
    expect(await installation.machineProcesses()).toEqual(machines);
    await follow(second.client, 'LayerVersion', (item) => isApp(item) && holds(item, 'Ready'));
    await made.stop();
    expect(made.names).toHaveLength(1);
    const lease = await second.client.get(LEASES, 'default', 'lamina-controller');
    expect(lease).toMatchObject({ spec: { leaseTransitions: 1 } });
    expect((await rightsUsed(judge)).forbidden).toEqual([]);

    const misses = (right: string) =>
      until(`the controller misses: ${right}`, async () =>
        (await rightsUsed(judge)).forbidden.includes(right),
      );
    await withdraw(judge, 'connectorconfigs/status');
    await createAll(second.client, [object('ConnectorConfig', 'other', { local: {} })]);
    await misses('patch lamina.dev/connectorconfigs/status');
    await withdraw(judge, 'oslayers/finalizers');
    const { spec } = installation.operatingSystem();
    await createAll(second.client, [object('OSLayer', 'other', spec)]);
    await misses('create lamina.dev/layerversions');
  });
});
