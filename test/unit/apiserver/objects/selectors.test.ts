import type { ApiServerCore } from '../../../../src/apiserver/open.ts';
import { body, collection, openCore, refusal } from '../../../support/api-core.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';

let core: ApiServerCore;

beforeAll(async () => {
  core = await openCore();
  const labels = { a: { env: 'prod', tier: 'web' }, b: { env: 'test' }, c: { tier: '' }, d: {} };
  for (const [name, own] of Object.entries(labels)) {
    const sent = body('ConfigMap', name, { labels: own });
    await core.service.create(collection(core, 'ConfigMap'), sent);
  }
  for (const [name, uid] of Object.entries({ e1: 'u1', e2: 'u2' })) {
    const involvedObject = { kind: 'AppLayer', name: 'x', namespace: 'default', uid };
    const sent = { ...body('Event', name), involvedObject, reason: 'Made', type: 'Normal' };
    await core.service.create(collection(core, 'Event'), sent);
  }
});
afterAll(() => core.close());

async function names(kind: string, options: object): Promise<string> {
  const { items } = await core.service.list(collection(core, kind), options);
  return items.map(({ object }) => object.metadata.name).join(' ');
}

describe('label selectors', () => {
  it.each([
    ['', 'a b c d'],
    ['env', 'a b'],
    ['!env', 'c d'],
    ['env=prod', 'a'],
    ['env==prod', 'a'],
    ['env!=prod', 'b c d'],
    ['env in (prod, test)', 'a b'],
    ['env notin (prod)', 'b c d'],
    ['env,tier', 'a'],
    ['env=prod,tier=web', 'a'],
    ['tier=', 'c'],
    ['tier in (,web)', 'a c'],
    [' env = prod , tier ', 'a'],
    ['x.io/y!=z', 'a b c d'],
    ['constructor', ''],
    ['env>1', ''],
  ])('%s', async (labelSelector, expected) => {
    expect(await names('ConfigMap', { labelSelector })).toBe(expected);
  });

  it.each([
    '=a',
    'a=b=c',
    'a in',
    'a in (b',
    'a in b',
    'a>x',
    'a>',
    'a,,b',
    'a=b,',
    '!',
    '-a',
    'a=é é',
  ])('refuses %s', async (labelSelector) => {
    const list = core.service.list(collection(core, 'ConfigMap'), { labelSelector });
    expect(await refusal(list)).toMatchObject({ code: 400, reason: 'BadRequest' });
  });
});

describe('field selectors', () => {
  it.each([
    ['ConfigMap', 'metadata.name=b', 'b'],
    ['ConfigMap', 'metadata.name!=b', 'a c d'],
    ['ConfigMap', 'metadata.name=b,metadata.name=c', ''],
    ['ConfigMap', 'metadata.namespace=other', ''],
    ['ConfigMap', 'metadata.name==b,metadata.namespace==default', 'b'],
    ['Event', 'involvedObject.uid=u2', 'e2'],
    ['Event', 'involvedObject.kind=AppLayer,involvedObject.name=x,involvedObject.uid=u1', 'e1'],
    ['Event', 'type!=Normal', ''],
    ['Namespace', 'status.phase=Active', 'default'],
  ])('%s %s', async (kind, fieldSelector, expected) => {
    expect(await names(kind, { fieldSelector })).toBe(expected);
  });

  it.each([
    ['ConfigMap', 'spec.x=1'],
    ['AppLayer', 'status.phase=x'],
    ['ConfigMap', 'constructor=x'],
    ['ConfigMap', 'x'],
  ])('%s refuses %s', async (kind, fieldSelector) => {
    const list = core.service.list(collection(core, kind), { fieldSelector });
    expect(await refusal(list)).toMatchObject({ code: 400, reason: 'BadRequest' });
  });
});
