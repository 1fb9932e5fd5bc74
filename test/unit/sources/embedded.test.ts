import { kubeClient } from '../../../src/kube/client.ts';
import { resourceOf } from '../../../src/kube/resource.ts';
import { applyReading } from '../../../src/sources/apply.ts';
import { problemLines } from '../../../src/sources/validate.ts';
import { servedApi } from '../../support/cli.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { readingOf } from '../../support/source.ts';

const SHA = 'a'.repeat(64);

function os(name: string, extra = ''): string {
  return `---
apiVersion: lamina.dev/v1alpha1
kind: OSLayer
metadata: {name: ${name}}
spec: {${extra}versions: [{name: "1", import: {disk: {file: a.raw, format: raw, sha256: ${SHA}}}}]}
`;
}

async function rig() {
  const api = await servedApi();
  const writes: string[] = [];
  const client = kubeClient((request) => {
    if (request.method !== 'GET') writes.push(`${request.method} ${request.path}`);
    return api.server.handler(request);
  });
  const { signal } = new AbortController();
  const apply = (text: string) => applyReading(readingOf(text), { client, source: 'git', signal });
  return { api, client, writes, apply, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}

describe('applyReading against the embedded API', () => {
  it('writes each of 1,000 objects once, and none at rest', async () => {
    await using t = await rig();
    const all = Array.from({ length: 1000 }, (_, index) => os(`os-${index}`));
    expect(await t.apply(all.join(''))).toMatchObject({
      applied: 1000,
      unchanged: 0,
      problems: [],
    });
    expect(t.writes.length).toBe(1000);
    expect(await t.apply(all.join(''))).toMatchObject({ applied: 0, unchanged: 1000 });
    expect(t.writes.length).toBe(1000);
    expect(await t.apply(all.slice(0, 990).join(''))).toMatchObject({ unchanged: 990, pruned: 10 });
  });

  it('changes what differs, raises no generation otherwise, and keeps what controllers wrote', async () => {
    await using t = await rig();
    const resource = resourceOf('OSLayer');
    const target = { namespace: 'default', name: 'tiny' };
    await t.apply(os('tiny', 'displayName: Tiny, '));
    const status = { observedGeneration: 1 };
    await t.client.mergePatch(resource, target, { status }, { subresource: 'status' });
    await t.client.mergePatch(resource, target, { metadata: { finalizers: ['lamina.dev/hold'] } });
    expect(await t.apply(os('tiny'))).toMatchObject({ applied: 1, problems: [] });
    const now = await t.client.get(resource, 'default', 'tiny');
    expect(now).toMatchObject({
      metadata: { generation: 2, finalizers: ['lamina.dev/hold'] },
      status: { observedGeneration: 1 },
    });
    expect(now?.spec).not.toHaveProperty('displayName');
  });

  it('makes a namespace before what lies in it, and says when there is none', async () => {
    await using t = await rig();
    const inLab = os('tiny').replace('{name: tiny}', '{name: tiny, namespace: lab}');
    const missing = await t.apply(inLab);
    expect(problemLines(missing.problems)).toEqual([
      expect.stringMatching(/^a\.yaml:4:18: OSLayer "tiny": namespaces "lab" not found/),
    ]);
    const namespace = '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: lab}\n';
    expect(await t.apply(inLab + namespace)).toMatchObject({ applied: 2, problems: [] });
    expect(await t.apply(inLab + namespace)).toMatchObject({ applied: 0, unchanged: 2 });
    const notes = '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes, namespace: lab}\n';
    const full = `${notes}data: {a: "1"}\n`;
    expect(await t.apply(inLab + namespace + full)).toMatchObject({ applied: 1 });
    expect(await t.apply(inLab + namespace + notes)).toMatchObject({ applied: 1 });
    expect(await t.apply(inLab + namespace + notes)).toMatchObject({ applied: 0, unchanged: 3 });
  });
});
