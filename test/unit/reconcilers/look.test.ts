import type { Connector } from '../../../src/connectors/connector.ts';
import { lookAt } from '../../../src/reconcilers/machine/look.ts';
import { describe, expect, it } from '../../support/runner.ts';

const things = { machines: [], disks: [], publications: [], copies: [] };
const can = { published: 'file', runsScripts: true, heartbeat: false, proven: 'live' } as const;

function look(connector: Partial<Connector>, at: { handle?: string; isLeaving?: boolean } = {}) {
  const whole = {
    can,
    view: async () => ({ known: true, things }),
    keys: async () => ['k'],
    ...connector,
  } as unknown as Connector;
  const connections = {
    connect: async () => ({ connector: whole, location: 'sha256:0' }) as const,
    refresh: async () => undefined,
  };
  const place = { namespace: 'default', connector: 'here', key: 'k' };
  const { handle, isLeaving = false } = at;
  return lookAt(connections, { ...place, handle, isLeaving }, new AbortController().signal);
}

describe('looking at a key', () => {
  it('knows nothing where the operation cannot be asked for, and fails no pass', async () => {
    const poll = async () => {
      throw new Error('the platform does not answer');
    };
    expect((await look({ poll }, { handle: 'task-1' })).look).toMatchObject({
      connected: true,
      can,
      seen: { known: false, why: 'the platform does not answer' },
    });
  });

  it('finds nothing missing on leaving while not all keys are known', async () => {
    const keys = async () => undefined;
    expect((await look({ keys }, { isLeaving: true })).look.seen).toMatchObject({ known: false });
    expect((await look({ keys })).look.seen).toMatchObject({ known: true });
    expect((await look({}, { isLeaving: true })).look).toMatchObject({ isListed: true });
  });
});
