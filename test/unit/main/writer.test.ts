import type { ApiObject } from '../../../src/api/object.ts';
import { Failure } from '../../../src/core/failure.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import type { Caches } from '../../../src/kube/controller.ts';
import { apiWriter } from '../../../src/main/writer.ts';
import { layeredImage } from '../../support/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

function owned(uid: string) {
  const owner = { apiVersion: 'v1', kind: 'ImageTemplate', name: 't', uid, controller: true };
  const image = layeredImage('00000000', { metadata: { ownerReferences: [owner] } });
  return { ...image, kind: 'LayeredImage' as const };
}

/** A server where the name is taken. */
function taken(found: ApiObject | undefined) {
  const client = {
    create: async () => {
      throw new Failure({ consequence: 'Conflict', code: 'AlreadyExists', message: 'it exists' });
    },
    get: async () => found,
  } as unknown as KubeClient;
  return apiWriter(client, {} as Caches);
}

describe('ensuring a child', () => {
  it.each([
    { why: 'what was made before is ours', found: owned('one') },
    { why: 'what went meanwhile is made in the next pass', found: undefined },
  ])('$why', async ({ found }) => {
    await expect(taken(found).ensure(owned('one'))).resolves.toBeUndefined();
  });

  it('waits for the child of an owner that was deleted', async () => {
    await expect(taken(owned('before')).ensure(owned('one'))).rejects.toMatchObject({
      consequence: 'Busy',
      code: 'NameTaken',
    });
  });
});
