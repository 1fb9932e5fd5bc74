import { join } from 'node:path';
import type { ApiServerCore } from '../../../src/apiserver/open.ts';
import { Store } from '../../../src/apiserver/storage/store.ts';
import { crd } from '../../../src/api/crd.ts';
import { KINDS } from '../../../src/api/kinds/all.ts';
import { collection, copyOf, key, openCore, refusal } from '../../support/api-core.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';

const KIND = 'CustomResourceDefinition';
const RESOURCE = 'customresourcedefinitions.apiextensions.k8s.io';
const NAME = 'applayers.lamina.dev';
const WHY = 'the kinds of this server come with the program';

async function stored(core: ApiServerCore) {
  const { items } = await core.service.list(collection(core, KIND));
  return new Map(items.map((item) => [item.object.metadata.name, copyOf(item)]));
}

/** Leaves in a database what a program of other kinds would: another schema, and another kind. */
async function madeByAnother(path: string): Promise<void> {
  const store = new Store(path, () => Date.now());
  await store.write(() => {
    const place = { resource: RESOURCE, namespace: '', name: NAME };
    const row = store.queries.live(place);
    const { object } = row!.document;
    const spec = { group: 'lamina.dev', scope: 'Cluster', versions: [] };
    store.put(place, { ...object, spec }, row);
    const metadata = { ...object.metadata, name: 'old' };
    store.put({ ...place, name: 'old' }, { ...object, metadata });
  });
  await store.close();
}

describe('the definitions of kinds', () => {
  it('say what crds/ says, and that the kinds are served', async () => {
    const core = await openCore();
    const found = await stored(core);
    expect([...found.keys()]).toEqual(KINDS.map(({ plural }) => `${plural}.lamina.dev`).sort());
    const { spec, status } = found.get(NAME)!;
    const definition = KINDS.find(({ plural }) => plural === 'applayers')!;
    expect(spec).toEqual({ ...Object(crd(definition)['spec']), conversion: { strategy: 'None' } });
    expect(status.storedVersions).toEqual(['v1alpha1']);
    await core.close();
  });

  it('stay as they are when the server starts again', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'api.db');
    const first = await openCore({ path });
    const before = await stored(first);
    await first.close();
    const second = await openCore({ path });
    expect(await stored(second)).toEqual(before);
    await second.close();
  });

  it('follow the program, and keep their uids', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'api.db');
    const first = await openCore({ path });
    const before = await stored(first);
    await first.close();
    await madeByAnother(path);
    const second = await openCore({ path });
    const after = await stored(second);
    expect([...after.keys()]).toEqual([...before.keys()]);
    const [left, right] = [before.get(NAME)!, after.get(NAME)!];
    expect(right['spec']).toEqual(left['spec']);
    expect(right.metadata['uid']).toBe(left.metadata['uid']);
    await second.close();
  });

  it('are labelled by whoever likes, and changed or removed by nobody', async () => {
    const core = await openCore();
    const { service } = core;
    const place = key(core, KIND, NAME);
    const merge = (body: unknown) => service.patch(place, { type: 'merge', body });
    const { document } = await merge({ metadata: { labels: { a: 'b' } }, status: {} });
    expect(document.object.metadata.generation).toBe(1);
    expect(document.object['status']).toMatchObject({ storedVersions: ['v1alpha1'] });
    for (const asked of [
      merge({ spec: { scope: 'Cluster' } }),
      service.remove(place),
      service.create(collection(core, KIND), {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: KIND,
        metadata: { name: 'widgets.example.com' },
      }),
    ]) {
      const { code, message } = await refusal(asked);
      expect(code).toBe(403);
      expect(message).toContain(WHY);
    }
    await core.close();
  });
});
