import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { conditionOf, type ApiObject } from '../../../src/api/object.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { failureData } from '../../../src/core/failure.ts';
import { superseded } from '../../../src/jobs/tools.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { holds, isDeleting } from '../../../src/reconcilers/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { isPicked } from '../../support/soak.ts';
import { ToyOutside } from '../../support/toy-outside.ts';
import type { ToyTraits } from '../../support/toy-platform.ts';
import { startToyController } from '../../support/toy-world.ts';
import { PATIENCE_MS } from '../../support/until.ts';

const EXAMPLES = join(import.meta.dirname, '../../../examples/local');

async function examples(): Promise<readonly ApiObject[]> {
  const names = (await readdir(EXAMPLES)).filter((name) => name.endsWith('.yaml')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(EXAMPLES, name), 'utf8')));
  return texts
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as ApiObject))
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace: 'default' } }));
}

async function apply(client: KubeClient, objects: readonly ApiObject[]): Promise<void> {
  for (const object of objects) await client.create(resourceOf(object.kind), object);
}

/** Follows an object by watch until it is as wanted. */
async function until(
  client: KubeClient,
  kind: string,
  name: string,
  wanted: (object: ApiObject) => boolean,
): Promise<ApiObject> {
  const resource = resourceOf(kind);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let last: ApiObject | undefined;
  try {
    const { metadata } = await client.list(resource);
    const now = await client.get(resource, 'default', name);
    if (now !== undefined && wanted(now)) return now;
    const { resourceVersion } = metadata;
    for await (const { object } of client.watch(resource, {
      namespace: 'default',
      resourceVersion,
      signal,
    })) {
      if (object.metadata.name !== name) continue;
      last = object;
      if (wanted(object)) return object;
    }
  } catch (error) {
    throw new Error(`${kind}/${name} is ${JSON.stringify(last?.status)}`, { cause: error });
  }
  throw new Error('the watch ended');
}

const isReady = (object: ApiObject) =>
  holds(object, 'Ready') && object.status?.observedGeneration === object.metadata.generation;

function counts(effects: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const effect of effects) found[effect] = (found[effect] ?? 0) + 1;
  return found;
}

const PLATFORMS: readonly { readonly why: string; readonly traits: ToyTraits }[] = [
  { why: 'files at once', traits: {} },
  { why: 'machines by operations', traits: { isSlow: true, published: 'machine' } },
  {
    why: 'artefacts by operations, without layer scripts',
    traits: { isSlow: true, published: 'artefact', runsScripts: false },
  },
];

/** Waits until every object rests: nothing of the work is left then. */
async function allRest(client: KubeClient): Promise<void> {
  for (const kind of ['LayerVersion', 'LayeredImage']) {
    for (const { metadata } of (await client.list(resourceOf(kind))).items) {
      await until(client, kind, metadata.name, isReady);
    }
  }
}

describe.each(PLATFORMS)('the life of layers and images on $why', ({ traits }) => {
  const keeps = traits.published === 'machine' ? 1 : 0;
  const runs = traits.runsScripts === false ? 0 : 1;
  const begun = (name: string) => (traits.isSlow === true ? `begin ${name}` : name);

  it('runs from manifests to a published image, building each layer once', async () => {
    const outside = new ToyOutside(traits);
    const controller = await startToyController(outside);
    await apply(controller.client, await examples());
    const template = await until(controller.client, 'ImageTemplate', 'desk', isReady);
    expect(conditionOf(template, 'Ready')?.reason).toBe('Published');
    // One OS import; the OS update, the platform and two applications on a machine each; one image.
    expect(counts(outside.effects)).toMatchObject({
      'start import': 1,
      'start capture': 4,
      [begun('create packaging machine')]: 4,
      [begun('publish')]: 1,
    });
    expect(counts(outside.effects)[begun('create published machine')] ?? 0).toBe(runs);
    await allRest(controller.client);
    expect(outside.platform.publications.size).toBe(1);
    expect(outside.platform.machines.size).toBe(keeps);
    expect(outside.platform.disks.size).toBe(keeps);
    expect(outside.composed.size + outside.inspections.size).toBe(0);
    await controller.stop();
  });

  it('finds everything again when its database is lost: no job, no machine, no upload', async () => {
    const outside = new ToyOutside(traits);
    const first = await startToyController(outside);
    await apply(first.client, await examples());
    const before = await until(first.client, 'ImageTemplate', 'desk', isReady);
    await allRest(first.client);
    await first.stop();
    outside.effects.length = 0;
    const second = await startToyController(outside);
    await apply(second.client, await examples());
    const after = await until(second.client, 'ImageTemplate', 'desk', isReady);
    expect(outside.effects).toEqual([]);
    expect((after.status as { revision?: string }).revision).toBe(
      (before.status as { revision?: string }).revision,
    );
    await second.stop();
  });

  it('goes back without building anything', async () => {
    const outside = new ToyOutside(traits);
    const controller = await startToyController(outside);
    const { client } = controller;
    await apply(client, await examples());
    const first = await until(client, 'ImageTemplate', 'desk', isReady);
    await allRest(client);
    const resource = resourceOf('ImageTemplate');
    const target = { namespace: 'default', name: 'desk' };
    const { appLayers = [] } = first.spec as { appLayers?: readonly unknown[] };
    const revisionOf = (object: ApiObject) => (object.status as { revision?: string }).revision;
    await client.mergePatch(resource, target, { spec: { appLayers: appLayers.toReversed() } });
    const isChanged = (object: ApiObject) =>
      isReady(object) && revisionOf(object) !== revisionOf(first);
    await until(client, 'ImageTemplate', 'desk', isChanged);
    await allRest(client);
    outside.effects.length = 0;
    await client.mergePatch(resource, target, { spec: { appLayers } });
    await until(
      client,
      'ImageTemplate',
      'desk',
      (object) => isReady(object) && revisionOf(object) === revisionOf(first),
    );
    expect(outside.effects).toEqual([]);
    await controller.stop();
  });

  it('retains a removed version while it is used, and says so no longer than that', async () => {
    const outside = new ToyOutside(traits);
    const controller = await startToyController(outside);
    const { client } = controller;
    await apply(client, await examples());
    await until(client, 'ImageTemplate', 'desk', isReady);
    const editor = resourceOf('AppLayer');
    const target = { namespace: 'default', name: 'editor' };
    const install = { steps: [{ run: 'true' }] };
    const versions = [{ name: '2', osVersion: '12.1', install }];
    await client.mergePatch(editor, target, { spec: { versions, channels: { prod: '2' } } });
    const retained = (layer: ApiObject) => conditionOf(layer, 'Retained')?.message;
    const kept = await until(
      client,
      'AppLayer',
      'editor',
      (layer) => retained(layer) !== undefined,
    );
    expect(retained(kept)).toContain('1 (used by LayerVersion/apl-browser-1-');
    await client.remove(editor, { namespace: 'default', name: 'browser' });
    await until(client, 'AppLayer', 'editor', (layer) => retained(layer) === undefined);
    const { items } = await client.list(resourceOf('LayerVersion'));
    const left = items.filter((item) => item.metadata.name.startsWith('apl-') && !isDeleting(item));
    expect(left.map(({ spec }) => (spec as { version: string }).version)).toEqual(['2']);
    await controller.stop();
  });

  it('reaches the same end whichever effect fails, before or after it happened', async () => {
    const calm = new ToyOutside(traits);
    const reference = await startToyController(calm);
    await apply(reference.client, await examples());
    await until(reference.client, 'ImageTemplate', 'desk', isReady);
    await allRest(reference.client);
    await reference.stop();
    const points = calm.effects.flatMap((_, i) => [2 * i, 2 * i + 1]);
    for (const point of points.filter((each) => isPicked(each))) {
      const outside = new ToyOutside(traits);
      let calls = 0;
      outside.meddle = () => {
        calls += 1;
        if (calls === point + 1) throw new Error(`the call at point ${point} fails`);
      };
      const controller = await startToyController(outside);
      const { client } = controller;
      await apply(client, await examples());
      await until(client, 'ImageTemplate', 'desk', isReady);
      await allRest(client);
      expect({ point, stored: new Set(outside.stored.keys()) }).toEqual({
        point,
        stored: new Set(calm.stored.keys()),
      });
      const { publications, machines, disks } = outside.platform;
      expect(publications).toEqual(calm.platform.publications);
      expect([machines.size, disks.size, outside.composed.size]).toEqual([keeps, keeps, 0]);
      await controller.stop();
    }
  });
});

describe('an image whose machine somebody switched on after it was inspected', () => {
  it('is inspected again before its machine is published', async () => {
    const outside = new ToyOutside({ isSlow: true, published: 'machine' });
    const { platform, inspections } = outside;
    const tries: unknown[] = [];
    const { connector } = platform;
    const publish = connector.publish.bind(connector);
    connector.publish = async (key, want, signal) => {
      const seen = platform.machines.get(key);
      if (seen !== undefined && tries.length === 0)
        platform.machines.set(key, { ...seen, boot: '2' });
      tries.push([inspections.get(key)?.boot, want.after]);
      return publish(key, want, signal);
    };
    const controller = await startToyController(outside);
    await apply(controller.client, await examples());
    await until(controller.client, 'ImageTemplate', 'desk', isReady);
    expect(tries).toEqual([
      ['1', '1'],
      ['2', '2'],
    ]);
    expect(counts(outside.effects)['begin publish']).toBe(1);
    await controller.stop();
  });

  it('is started over when the copy found that nobody attests its disk any more', async () => {
    const outside = new ToyOutside();
    const { inspections } = outside;
    outside.failing = ({ kind, key }) => {
      const record = inspections.get(key);
      if (kind !== 'copy' || record === undefined) return undefined;
      outside.failing = () => undefined;
      inspections.set(key, { ...record, found: { verdict: 'unattested', hint: 'It ran again.' } });
      return failureData(superseded(`the disk of ${key} changed`));
    };
    const controller = await startToyController(outside);
    await apply(controller.client, await examples());
    await until(controller.client, 'ImageTemplate', 'desk', isReady);
    const done = { 'create published machine': 2, 'start copy': 2, publish: 1 };
    expect(counts(outside.effects)).toMatchObject(done);
    await controller.stop();
  });
});
