import {
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  Watch,
  type ApiException,
} from '@kubernetes/client-node';
import { openSubject, type Subject } from '../../support/api-subject.ts';
import { judgeMissing, startJudge } from '../../support/judge.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { osLayer } from './session.ts';

const KIND = { group: 'lamina.dev', version: 'v1alpha1', plural: 'oslayers' } as const;
const HERE = { ...KIND, namespace: 'default' };

interface Layer {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly spec: Record<string, unknown>;
}

function suite(open: () => Promise<Subject>): void {
  let subject: Subject;
  let config: KubeConfig;
  let objects: CustomObjectsApi;

  beforeAll(async () => {
    subject = await open();
    config = new KubeConfig();
    config.loadFromFile(subject.kubeconfig);
    objects = config.makeApiClient(CustomObjectsApi);
  });

  afterAll(() => subject.close());

  async function create(name: string): Promise<Layer> {
    const body: unknown = JSON.parse(osLayer(name));
    const made: unknown = await objects.createNamespacedCustomObject({
      ...HERE,
      body: body as object,
    });
    return made as Layer;
  }

  it('creates, reads and lists', async () => {
    const made = await create('one');
    const read: unknown = await objects.getNamespacedCustomObject({ ...HERE, name: 'one' });
    expect(read).toEqual(made);
    const list: unknown = await objects.listNamespacedCustomObject({ ...HERE, limit: 1 });
    expect(list).toMatchObject({ kind: 'OSLayerList', items: [{ metadata: { name: 'one' } }] });
  });

  it('is told of a conflict', async () => {
    const stale = await create('two');
    const body = (text: string) => ({ ...stale, spec: { ...stale.spec, displayName: text } });
    await objects.replaceNamespacedCustomObject({ ...HERE, name: 'two', body: body('first') });
    const late = objects.replaceNamespacedCustomObject({ ...HERE, name: 'two', body: body('x') });
    const error = (await late.catch((thrown: unknown) => thrown)) as ApiException<string>;
    expect(error.code).toBe(409);
    expect(JSON.parse(error.body)).toMatchObject({ reason: 'Conflict' });
  });

  it('watches from where a list ended', async () => {
    const list = (await objects.listNamespacedCustomObject(HERE)) as {
      metadata: { resourceVersion: string };
    };
    const { resourceVersion } = list.metadata;
    const seen: string[] = [];
    const path = `/apis/${KIND.group}/${KIND.version}/namespaces/default/${KIND.plural}`;
    await new Promise<void>((resolve, reject) => {
      const event = (type: string, object: Layer) => {
        seen.push(`${type} ${object.metadata.name}`);
        if (type === 'DELETED') resolve();
      };
      const done = (error: unknown) => reject(error);
      void new Watch(config)
        .watch(path, { resourceVersion, allowWatchBookmarks: true }, event, done)
        .then(async (watching) => {
          await create('three');
          await objects.deleteNamespacedCustomObject({ ...HERE, name: 'three' });
          return watching;
        })
        .catch(reject);
    });
    expect(seen).toEqual(['ADDED three', 'DELETED three']);
  });

  it('works with built-in kinds and patches', async () => {
    const core = config.makeApiClient(CoreV1Api);
    const metadata = { name: 's', namespace: 'default' };
    await core.createNamespacedSecret({
      namespace: 'default',
      body: { metadata, stringData: { key: 'value' } },
    });
    const secret = await core.readNamespacedSecret({ name: 's', namespace: 'default' });
    expect(secret.data).toEqual({ key: Buffer.from('value').toString('base64') });
    const any = KubernetesObjectApi.makeApiClient(config);
    const patched = await any.patch({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...metadata, labels: { a: 'b' } },
    });
    expect(patched.metadata?.labels).toEqual({ a: 'b' });
  });
}

describe('the JavaScript client of Kubernetes on the embedded API', () => suite(openSubject));

describe('the JavaScript client of Kubernetes on kube-apiserver', () => {
  const missing = judgeMissing();
  if (missing === undefined) suite(startJudge);
  else it.skip(missing, () => undefined);
});
