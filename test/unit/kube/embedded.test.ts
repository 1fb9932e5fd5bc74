import type { ApiObject } from '../../../src/api/object.ts';
import type { ApiRequest } from '../../../src/core/transport.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import { openApiServer } from '../../../src/apiserver/server.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { createManager } from '../../../src/kube/manager.ts';
import type { Reconciler } from '../../../src/kube/reconciler.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { eventually, idle } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { expect, it } from '../../support/runner.ts';

const RESOURCE = resourceOf('ConnectorConfig');
const COUNT = 200;

type Loop = Reconciler<unknown, unknown, undefined, never>;

const loop: Loop = {
  observe: () => Promise.resolve(undefined),
  plan: ({ metadata }) =>
    metadata.deletionTimestamp === undefined
      ? { verdict: 'settled', reason: 'Valid', message: 'usable', status: {}, conditions: [] }
      : { verdict: 'released', status: {}, conditions: [] },
  act: () => Promise.resolve(),
};

function connector(name: string) {
  const metadata = { name, namespace: 'default' };
  const spec = { local: {} };
  return { apiVersion: 'lamina.dev/v1alpha1', kind: 'ConnectorConfig', metadata, spec };
}

const isReady = ({ metadata: { generation }, status }: ApiObject) =>
  status?.observedGeneration === generation &&
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;

it('brings objects of the embedded API to Ready in two writes each, and rests', async () => {
  await using folder = await temporaryFolder();
  const listen = { host: '127.0.0.1', port: 0 };
  const common = { clock: systemClock, random: Math.random, log: silentLog };
  const server = await openApiServer({ dataDir: folder.path, listen, version: '0', ...common });
  const writes: ApiRequest[] = [];
  const client = kubeClient((request) => {
    if (request.method !== 'GET') writes.push(request);
    return server.handler(request);
  });
  const manager = createManager({ client, ...common });
  manager.add({
    name: 'connectors',
    resource: RESOURCE,
    reconciler: loop,
    watches: [],
    finalizer: 'lamina.dev/test',
    workers: 4,
  });
  manager.start();
  const person = kubeClient(server.handler);
  const cache = manager.caches.of(RESOURCE);
  try {
    await Promise.all(
      Array.from({ length: COUNT }, (_, index) => person.create(RESOURCE, connector(`c-${index}`))),
    );
    await eventually(() => cache.list().filter(isReady).length === COUNT, 'all Ready');
    await idle();
    expect(writes).toHaveLength(2 * COUNT);
    for (const { metadata } of cache.list()) await person.remove(RESOURCE, metadata);
    await eventually(() => cache.list().length === 0, 'all gone');
    expect(writes).toHaveLength(3 * COUNT);
    expect((await person.list(RESOURCE)).items).toEqual([]);
  } finally {
    await manager.stop();
    await server.close();
  }
});
