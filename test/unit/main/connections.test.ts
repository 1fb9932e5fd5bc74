import type { Connector, Platform } from '../../../src/connectors/connector.ts';
import { API_VERSION } from '../../../src/api/kind.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog } from '../../../src/host/log.ts';
import type { KubeClient } from '../../../src/kube/client.ts';
import { createCache } from '../../../src/kube/cache.ts';
import { connectionPool } from '../../../src/main/connections.ts';
import type { ConnectorConfig } from '../../../src/reconcilers/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

interface Spec {
  readonly at: string;
  readonly secret?: string;
}

/** A platform that only tells what was opened and closed. */
function platformOf(told: string[]): Platform<Spec> {
  return {
    name: 'fake',
    locate: ({ at, secret }) => ({ location: at, ...(secret === undefined ? {} : { secret }) }),
    open: ({ spec, credential }) => {
      const id = `${spec.at} as ${credential['user'] ?? 'nobody'}`;
      told.push(`open ${id}`);
      return {
        connector: () =>
          ({
            platform: id,
            watch: () => () => undefined,
            touched: () => undefined,
          }) as unknown as Connector,
        close: async () => void told.push(`close ${id}`),
      };
    },
    transfer: () => {
      throw new Error('jobs only');
    },
  };
}

function config(name: string, version: number, spec: unknown): ConnectorConfig {
  const metadata = { name, namespace: 'default', uid: name, resourceVersion: String(version) };
  return {
    apiVersion: API_VERSION,
    kind: 'ConnectorConfig',
    metadata,
    spec: spec as ConnectorConfig['spec'],
  };
}

function scene(users: Readonly<Record<string, string>> = {}) {
  const told: string[] = [];
  const secrets = new Map(Object.entries(users));
  const client = {
    get: async (_resource: unknown, _namespace: string, name: string) => {
      const user = secrets.get(name);
      if (user === undefined) return undefined;
      return { data: { user: Buffer.from(user).toString('base64') } };
    },
  } as unknown as KubeClient;
  const configs = createCache<ConnectorConfig>(systemClock, silentLog);
  const platform = platformOf(told) as Platform<unknown>;
  const pool = connectionPool({
    configs,
    client,
    log: silentLog,
    platformOf: ({ spec }) => ({ platform, spec: (spec as unknown as { fake: Spec }).fake }),
  });
  return { told, configs, pool, secrets };
}

describe('the connections of ConnectorConfigs', () => {
  it('opens one session for all configurations that lead to one place with one credential', async () => {
    const { told, configs, pool } = scene();
    configs.upsert(config('one', 1, { fake: { at: 'here' } }));
    configs.upsert(config('two', 2, { fake: { at: 'here' } }));
    const [one, two] = [await pool.connect('default', 'one'), await pool.connect('default', 'two')];
    expect(told).toEqual(['open here as nobody']);
    expect(one?.location).toBe(two?.location);
    await pool.close();
    expect(told).toEqual(['open here as nobody', 'close here as nobody']);
  });

  it('opens another session for another credential at the same place', async () => {
    const { told, configs, pool } = scene({ a: 'ann', b: 'bob' });
    configs.upsert(config('one', 1, { fake: { at: 'here', secret: 'a' } }));
    configs.upsert(config('two', 2, { fake: { at: 'here', secret: 'b' } }));
    const [one, two] = [await pool.connect('default', 'one'), await pool.connect('default', 'two')];
    expect(told).toEqual(['open here as ann', 'open here as bob']);
    expect(one?.location).toBe(two?.location);
    await pool.close();
  });

  it('opens nothing anew when a limit is edited', async () => {
    const { told, configs, pool } = scene();
    configs.upsert(config('one', 1, { fake: { at: 'here' } }));
    await pool.connect('default', 'one');
    configs.upsert(config('one', 2, { fake: { at: 'here' }, limits: { machines: 5 } }));
    await pool.connect('default', 'one');
    expect(told).toEqual(['open here as nobody']);
    await pool.close();
  });

  it('follows an edit of the place, and keeps a session that somebody else still uses', async () => {
    const { told, configs, pool } = scene();
    configs.upsert(config('one', 1, { fake: { at: 'here' } }));
    configs.upsert(config('two', 2, { fake: { at: 'here' } }));
    await pool.connect('default', 'one');
    await pool.connect('default', 'two');
    configs.upsert(config('one', 3, { fake: { at: 'there' } }));
    await pool.connect('default', 'one');
    expect(told).toEqual(['open here as nobody', 'open there as nobody']);
    configs.remove(config('two', 4, {}));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toContain('close here as nobody');
    await pool.close();
  });

  it('takes a changed Secret when the configuration is looked at again', async () => {
    const { told, configs, pool, secrets } = scene({ a: 'ann' });
    configs.upsert(config('one', 1, { fake: { at: 'here', secret: 'a' } }));
    await pool.connect('default', 'one');
    secrets.set('a', 'eve');
    await pool.connect('default', 'one');
    expect(told).toEqual(['open here as ann']);
    await pool.refresh('default', 'one');
    expect(told).toEqual(['open here as ann', 'open here as eve', 'close here as ann']);
    await pool.close();
  });

  it('opens nothing for a configuration that went while its Secret was read', async () => {
    const { told, configs, pool } = scene({ a: 'ann' });
    configs.upsert(config('one', 1, { fake: { at: 'here', secret: 'a' } }));
    const connecting = pool.connect('default', 'one');
    configs.remove(config('one', 2, {}));
    expect(await connecting).toBeUndefined();
    expect(told).toEqual([]);
    await pool.close();
  });

  it('says which Secret is missing', async () => {
    const { configs, pool } = scene();
    configs.upsert(config('one', 1, { fake: { at: 'here', secret: 'a' } }));
    await expect(pool.connect('default', 'one')).rejects.toMatchObject({
      consequence: 'Denied',
      code: 'SecretMissing',
      message: expect.stringContaining('default/a'),
    });
    await pool.close();
  });

  it('opens a place once, however many ask at the same time', async () => {
    const { told, configs, pool } = scene({ a: 'ann' });
    configs.upsert(config('one', 1, { fake: { at: 'here', secret: 'a' } }));
    await Promise.all([1, 2, 3].map(() => pool.connect('default', 'one')));
    expect(told).toEqual(['open here as ann']);
    await pool.close();
  });
});
