import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../../../src/core/json.ts';
import { run } from '../../../src/host/run.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { expect, it } from '../../support/runner.ts';
import { PATIENCE_MS, until } from '../../support/until.ts';
import { describeClient, environmentOf, type Place, type Step } from './both.ts';

const CHART = join(import.meta.dirname, 'chart');
const CRDS = join(import.meta.dirname, '..', '..', '..', 'crds');
const REPLACE = ['--server-side=false', '--force-replace'];
const ANY_CODE = Array.from({ length: 256 }, (_, code) => code);
const LAYERS = '/apis/lamina.dev/v1alpha1/namespaces/{ns}/applayers';
const COLLECTIONS = [
  LAYERS,
  ...['configmaps', 'secrets'].map((plural) => `/api/v1/namespaces/{ns}/${plural}`),
];

/** Times at which Helm did something, in forms of its own; the payload of a release holds them too. */
const TIMES = /"(first_deployed|last_deployed|updated|modifiedAt|release)":"[^"]*"/g;

/**
 * An object of a list, without what is compared elsewhere: items of real lists of built-in kinds do not say
 * what they are, and kube-apiserver may write once more what it stored as empty.
 */
function compared(key: string, value: unknown): unknown {
  if (key === 'resourceVersion') return undefined;
  if (!isObject(value) || !isObject(value['metadata'])) return value;
  const { apiVersion: _version, kind: _kind, ...rest } = value;
  return rest;
}

/** All objects of the chart, and the records of its releases. */
async function state({ wire, namespace }: Place): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  for (const path of COLLECTIONS) {
    const { body } = await wire.send({ method: 'GET', path: path.replace('{ns}', namespace) });
    const items = isObject(body) ? body['items'] : body;
    found.push(JSON.parse(JSON.stringify(items, compared).replace(TIMES, '"$1":"<time>"')));
  }
  return found;
}

/** What a command printed and ended with, and what it left on the server. */
async function helm(program: string, place: Place, args: readonly string[]): Promise<Step> {
  const all = [...args, '--namespace', place.namespace];
  const { code, stdout, stderr } = await run(program, all, {
    env: environmentOf(place),
    timeoutMs: PATIENCE_MS,
    okCodes: ANY_CODE,
  });
  const printed = stdout.replace(TIMES, '"$1":"<time>"').replace(/LAST DEPLOYED: .*/, '');
  return { step: args.join(' '), result: { code, printed, stderr, left: await state(place) } };
}

/** Says of a layer, as its controller would, that it is ready. */
async function becomesReady({ wire, namespace }: Place, name: string): Promise<void> {
  const condition = { type: 'Ready', status: 'True', reason: 'Deployable', message: 'Deployable' };
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, '');
  const status = { observedGeneration: 1, conditions: [{ ...condition, lastTransitionTime }] };
  await until(`${name} is there`, async () => {
    const answer = await wire.send({
      method: 'PATCH',
      path: `${LAYERS.replace('{ns}', namespace)}/${name}/status`,
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { status },
    });
    return answer.status === 200;
  });
}

/** Somebody else takes a field of a layer. */
async function takenOver({ wire, namespace }: Place): Promise<Step> {
  const body = {
    apiVersion: 'lamina.dev/v1alpha1',
    kind: 'AppLayer',
    metadata: { name: 'browser' },
    spec: { displayName: 'mine' },
  };
  const { body: result } = await wire.send({
    method: 'PATCH',
    path: `${LAYERS.replace('{ns}', namespace)}/browser?fieldManager=person&force=true`,
    headers: { 'content-type': 'application/apply-patch+yaml' },
    body,
  });
  return { step: 'somebody takes a field', result };
}

describeClient('Helm', 'helm', (peer, play) => {
  it('installs, upgrades in each of its ways, is told of a conflict, rolls back and uninstalls', async () => {
    // A chart may bring definitions of kinds: Helm passes by those that are there.
    await using folder = await temporaryFolder();
    const chart = join(folder.path, 'chart');
    await cp(CHART, chart, { recursive: true });
    await cp(CRDS, join(chart, 'crds'), { recursive: true });
    const { ours, real } = await play('helm', async (place) => {
      const runs = (...args: readonly string[]) => helm(peer.program, place, args);
      const [installed] = await Promise.all([
        runs('install', 'apps', chart, '--wait'),
        ...['browser', 'office'].map((name) => becomesReady(place, name)),
      ]);
      return [
        installed,
        await runs('upgrade', 'apps', chart, '--set', 'text=second,apps={browser}'),
        await takenOver(place),
        await runs('upgrade', 'apps', chart, '--set', 'text=third'),
        await runs('upgrade', 'apps', chart, '--set', 'text=third', '--force-conflicts'),
        await runs('rollback', 'apps', '1'),
        await runs('upgrade', 'apps', chart, '--set', 'text=fourth', '--dry-run=server'),
        await runs('upgrade', 'apps', chart, '--set', 'text=fifth', '--server-side=false'),
        await runs('upgrade', 'apps', chart, '--set', 'text=sixth', ...REPLACE),
        await runs(
          'upgrade',
          'apps',
          chart,
          '--set',
          'text=x,apps={Bad_Name}',
          '--server-side=true',
        ),
        await runs('upgrade', 'apps', chart, '--set', 'unserved=true'),
        await runs('history', 'apps', '--output', 'json'),
        await runs('get', 'manifest', 'apps'),
        await runs('uninstall', 'apps', '--wait'),
      ];
    });
    const codes = real.map(({ result }) => (isObject(result) ? result['code'] : undefined));
    expect(codes).toEqual([0, 0, undefined, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0]);
    expect(ours).toEqual(real);
  });
});
