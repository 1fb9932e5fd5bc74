import { createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Qmp, type QmpEvent } from '../../../../src/connectors/local/qmp.ts';
import { systemClock } from '../../../../src/host/clock.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

const GREETING = '{"QMP": {"version": {}, "capabilities": []}}\r\n';

/** A monitor that answers each command as it is told; undefined is silence. */
async function monitor(
  answer: (command: string, id: number) => string | undefined,
  hello = GREETING,
) {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'qmp');
  const clients: Socket[] = [];
  const server = createServer((socket) => {
    clients.push(socket);
    socket.on('error', () => undefined);
    socket.write(hello);
    socket.on('data', (chunk) => {
      for (const line of String(chunk).trim().split('\n')) {
        const { execute, id } = JSON.parse(line) as { execute: string; id: number };
        const text =
          execute === 'qmp_capabilities' ? `{"return": {}, "id": ${id}}\n` : answer(execute, id);
        if (text !== undefined) socket.write(text);
      }
    });
  });
  server.listen(path);
  await once(server, 'listening');
  const events: QmpEvent[] = [];
  return {
    events,
    clients,
    open: (timeoutMs = 200) =>
      Qmp.open(path, { clock: systemClock, onEvent: (event) => events.push(event), timeoutMs }),
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe('the monitor of a machine', () => {
  it('gives each command its own answer, whatever comes between and in which order', async () => {
    const held: string[] = [];
    await using peer = await monitor((command, id) => {
      held.push(`{"return": {"was": "${command}"}, "id": ${id}}\n`);
      if (held.length < 2) return undefined;
      const event = '{"event": "RESET", "data": {"guest": true}, "timestamp": {}}\n';
      return [
        held[1],
        event,
        '\n',
        '["not an object"]\n',
        '{"id": 999, "return": 1}\n',
        held[0],
      ].join('');
    });
    const line = await peer.open();
    const answers = await Promise.all([line.execute('one'), line.execute('two')]);
    expect(answers).toEqual([{ was: 'one' }, { was: 'two' }]);
    expect(peer.events).toEqual([{ event: 'RESET', data: { guest: true } }]);
    line.close();
    await line.ended;
  });

  it('passes on why a command was refused', async () => {
    await using peer = await monitor(
      (_, id) => `{"error": {"class": "GenericError", "desc": "no such device"}, "id": ${id}}\n`,
    );
    const line = await peer.open();
    await expect(line.execute('eject')).rejects.toMatchObject({
      code: 'MonitorRefused',
      message: 'the machine refused: no such device',
    });
    line.close();
  });

  it('puts together what arrives in pieces', async () => {
    await using peer = await monitor(() => undefined);
    const line = await peer.open();
    const text = Buffer.from('{"event": "X", "data": {"name": "grüß"}}\n');
    for (const byte of text) {
      peer.clients[0]?.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    peer.clients[0]?.end();
    await line.ended;
    expect(peer.events).toEqual([{ event: 'X', data: { name: 'grüß' } }]);
  });

  it.each([
    { why: 'silence after a command', hello: GREETING, answer: undefined, code: 'MonitorBusy' },
    { why: 'no JSON', hello: GREETING, answer: 'hello\n', code: 'MonitorLost' },
    {
      why: 'a line without end',
      hello: GREETING,
      answer: '"'.repeat(2 ** 20 + 2),
      code: 'MonitorLost',
    },
  ])('gives up on $why', async ({ hello, answer, code }) => {
    await using peer = await monitor(() => answer, hello);
    const line = await peer.open();
    await expect(line.execute('query-status')).rejects.toMatchObject({ code });
    line.close();
    await expect(line.execute('query-status')).rejects.toMatchObject({ code: 'MonitorLost' });
  });

  it('says Busy when another client has it: then there is no greeting', async () => {
    await using peer = await monitor(() => undefined, '');
    await expect(peer.open(50)).rejects.toMatchObject({ consequence: 'Busy' });
  });

  it('says Lost when nobody listens', async () => {
    await using folder = await temporaryFolder();
    const options = { clock: systemClock, onEvent: () => undefined };
    await expect(Qmp.open(join(folder.path, 'none'), options)).rejects.toMatchObject({
      consequence: 'Lost',
    });
  });
});
