import type { Connector } from '../../../src/connectors/connector.ts';
import { describe as describeMachine, lookAt } from '../../../src/reconcilers/machine/look.ts';
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

describe('what a machine says of itself', () => {
  const said = (describe: Connector['describe']) => {
    const connector = { describe } as unknown as Connector;
    return describeMachine({ connector, location: 'sha256:0' }, 'k', new AbortController().signal);
  };

  it('is cleaned, whichever platform hands it on', async () => {
    const text = `at \u001b]0;owned\u0007home ${'x'.repeat(2000)}`;
    const found = await said(async () => ({ text, lastLines: ['\u202edne\u001b[2J', '\ud83d'] }));
    expect(found?.text).toMatch(/^at home x{1015}…$/);
    expect(found?.lastLines).toEqual(['dne', '']);
  });

  it('is what is wrong where it cannot be asked', async () => {
    const broken = async () => {
      throw new Error('https://u:hunter2@pool/?session=1\u0007 is gone');
    };
    expect(await said(broken)).toEqual({ text: 'https://…@pool/?… is gone', lastLines: [] });
  });
});
