import { API_VERSION } from '../../../src/api/kind.ts';
import {
  planConnector,
  type ConnectorWorld,
} from '../../../src/reconcilers/connector-config/plan.ts';
import type { ConnectorConfig } from '../../../src/reconcilers/objects.ts';
import { describe, expect, it } from '../../support/runner.ts';

const config: ConnectorConfig = {
  apiVersion: API_VERSION,
  kind: 'ConnectorConfig',
  metadata: { name: 'here', namespace: 'default' },
  spec: { local: {} },
};
const deleting: ConnectorConfig = {
  ...config,
  metadata: { ...config.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
};
const good = { ok: true, reason: 'Usable', message: 'it can be used' };
const bad = { ok: false, reason: 'NoRoom', message: 'too little room' };
const world = (location = good, users: readonly string[] = []): ConnectorWorld => ({
  verification: { credentials: good, location },
  users,
});

describe('planConnector', () => {
  it.each([
    {
      why: 'both checks pass',
      config,
      world: world(),
      want: { verdict: 'settled', reason: 'Verified' },
    },
    {
      why: 'a failed check is told and looked at again, since its cure lies outside the spec',
      config,
      world: world(bad),
      want: {
        verdict: 'waiting',
        reason: 'CheckFailed',
        message: 'too little room',
        recheckMs: 300_000,
      },
    },
    {
      why: 'it stays until what it made is cleaned up',
      config: deleting,
      world: { verification: undefined, users: ['PackagingMachine/a'] },
      want: {
        verdict: 'waiting',
        reason: 'InUse',
        message: expect.stringContaining('PackagingMachine/a'),
      },
    },
    {
      why: 'then it goes',
      config: deleting,
      world: { verification: undefined, users: [] },
      want: { verdict: 'released' },
    },
  ])('$why', ({ config, world, want }) => {
    expect(planConnector(config, world)).toMatchObject(want);
  });
});
