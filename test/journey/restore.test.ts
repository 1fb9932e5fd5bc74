import { cp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiObject } from '../../src/api/object.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { EVENTS, resourceOf } from '../../src/kube/resource.ts';
import { holds, stageOf } from '../../src/reconcilers/objects.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createAll, follow, Installation, object, toolAndDesk } from '../support/installation.ts';
import { describe, expect, it } from '../support/runner.ts';
import { until } from '../support/until.ts';

const isApp = ({ metadata }: ApiObject) => metadata.name.startsWith('apl-');
const isOther = ({ metadata }: ApiObject) => metadata.name === 'other';
const isReady = (item: ApiObject) => holds(item, 'Ready');
const isAt = (stage: string) => (item: ApiObject) => isApp(item) && stageOf(item) === stage;

const OTHER = object('ImageTemplate', 'other', {
  osLayer: { name: 'tiny', channel: 'prod' },
  appLayers: [{ name: 'tool', version: '1' }],
  targets: [{ name: 'there', connectorRef: { name: 'here' }, provisioning: 'None' }],
  size: '200Mi',
});

/** Runs `lamina up` for some work. */
async function during<Result>(
  installation: Installation,
  work: (client: KubeClient) => Promise<Result>,
): Promise<Result> {
  const system = await installation.start();
  try {
    return await work(system.client);
  } finally {
    await system.stop();
  }
}

async function eventsOf(client: KubeClient, reason: string): Promise<number> {
  const { items } = await client.list(EVENTS);
  return items.filter((item) => (item as { reason?: string }).reason === reason).length;
}

/** The one blob that is a delta. */
async function deltaIn(store: string): Promise<string> {
  const folder = join(store, 'blobs', 'sha256');
  const { manifests: entries } = await read<{ manifests: Entry[] }>(join(store, 'index.json'));
  const entry = entries.find(({ annotations }) => Object.values(annotations).includes('app'));
  const { layers } = await read<{ layers: Entry[] }>(join(folder, hex(entry)));
  return join(folder, hex(layers[0]));
}

interface Entry {
  readonly digest: string;
  readonly annotations: Readonly<Record<string, string>>;
}

const hex = (entry: Entry | undefined) => entry?.digest.slice('sha256:'.length) ?? '';

async function read<Shape>(path: string): Promise<Shape> {
  return JSON.parse(await readFile(path, 'utf8')) as Shape;
}

async function copyDatabase(from: string, to: string): Promise<void> {
  for (const file of ['api.db', 'api.db-wal', 'api.db-shm']) {
    await rm(join(to, file), { force: true });
    await cp(join(from, file), join(to, file)).catch(() => undefined);
  }
}

const says = (words: string) => (item: ApiObject) =>
  JSON.stringify(item.status ?? {}).includes(words);

const machines = (installation: Installation) => installation.machineFiles('.qcow2');

describe('an installation of which a part was restored from an older copy', () => {
  it('finds all again, or says what is missing, and never builds behind anybody’s back', async () => {
    await using folder = await temporaryFolder();
    await using installation = await Installation.create(folder.path);
    const { dataDir } = installation;
    const store = join(dataDir, 'store');
    const at = (name: string) => join(folder.path, name);

    // The machine is killed as a host without memory would: it starts over once, and ends as ever.
    await during(installation, async (client) => {
      await createAll(client, [...installation.base(), ...toolAndDesk('here')]);
      await follow(client, 'LayerVersion', isAt('Packaging'));
      await cp(store, at('old-store'), { recursive: true });
      await until(
        'the machine runs',
        async () => (await installation.machineProcesses()).length > 0,
      );
      for (const pid of await installation.machineProcesses()) process.kill(Number(pid), 'SIGKILL');
      await until('it started over', async () => (await eventsOf(client, 'StartedOver')) === 1);
    });
    await copyDatabase(dataDir, at('old-db'));
    await during(installation, async (client) => {
      await follow(client, 'ImageTemplate', isReady);
      expect(await eventsOf(client, 'StartedOver')).toBe(1);
    });
    const index = await installation.storeIndex();
    const files = await machines(installation);

    // The database is older than the store.
    await cp(dataDir, at('good'), { recursive: true });
    await copyDatabase(at('old-db'), dataDir);
    await during(installation, async (client) => {
      await follow(client, 'ImageTemplate', isReady);
      await until('no machine is left', async () => {
        return (await client.list(resourceOf('PackagingMachine'))).items.length === 0;
      });
    });
    expect(await installation.storeIndex()).toBe(index);
    expect(await machines(installation)).toEqual(files);

    // The list of the store is lost, while it runs and at a start.
    await during(installation, async (client) => {
      await rm(join(store, 'index.json'));
      await createAll(client, [OTHER]);
      await follow(client, 'LayeredImage', says('StoreIndexLost'));
    });
    await expect(installation.start()).rejects.toThrow(
      /index\.json is missing[^]*index\.json\.bak/,
    );
    expect(await readdir(store)).not.toContain('index.json');
    await cp(join(store, '.lamina', 'index.json.bak'), join(store, 'index.json'));
    // And a blob of the layer that the new image needs.
    const blob = await deltaIn(store);
    await rename(blob, at('blob'));
    await during(installation, async (client) => {
      await follow(client, 'LayeredImage', says('BlobMissing'));
      await cp(at('blob'), blob);
      await follow(client, 'ImageTemplate', (item) => isReady(item) && isOther(item));
    });
    expect(await installation.storeIndex()).toBe(index);

    // The store is older than the database: what it lacks is told, then made again.
    await rm(join(store, 'blobs'), { recursive: true });
    await rm(join(store, 'index.json'));
    await cp(at('old-store'), store, { recursive: true });
    await during(installation, async (client) => {
      await until('it is told', async () => (await eventsOf(client, 'GoneFromStore')) > 0);
      await follow(client, 'LayerVersion', (item) => isApp(item) && isReady(item));
    });
    const found = await read<{ manifests: Entry[] }>(join(store, 'index.json'));
    expect(found.manifests).toHaveLength(2);
  });
});
