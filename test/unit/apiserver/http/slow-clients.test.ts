import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { serverCertificate } from '../../../../src/apiserver/certificates/authority.ts';
import { createAuthority } from '../../../../src/apiserver/certificates/certificate.ts';
import { listen, type Listener } from '../../../../src/apiserver/http/listener.ts';
import type { Transport } from '../../../../src/core/transport.ts';
import { silentLog } from '../../../../src/host/log.ts';
import { ManualClock } from '../../../support/clock.ts';
import { afterEach, beforeEach, describe, expect, it } from '../../../support/runner.ts';

const now = Date.now();
const authority = createAuthority('test', { fromMs: now - 1000, untilMs: now + 86_400_000 });
const certificate = serverCertificate(authority, ['127.0.0.1'], now);

let clock: ManualClock;
let listener: Listener;
let produced: number;
let ended: boolean;

async function* endless(): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      produced += 1;
      yield Buffer.alloc(65_536, 'x');
    }
  } finally {
    ended = true;
  }
}

const transport: Transport = () => Promise.resolve({ status: 200, headers: {}, body: endless() });

const service = { admit: () => () => undefined, transport };

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

async function socketTo(port: number): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: authority.certificate });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

beforeEach(async () => {
  clock = new ManualClock(now);
  produced = 0;
  ended = false;
  listener = await listen(service, {
    host: '127.0.0.1',
    port: 0,
    certificate,
    clock,
    log: silentLog,
  });
});

afterEach(() => listener.close());

describe('slow clients', () => {
  it.each([
    { why: 'a handshake', secure: false, first: '\x16\x03\x01\x02' },
    { why: 'headers', secure: true, first: 'GET /x HTTP/1.1\r\nhost: loc' },
    { why: 'a first request', secure: true, first: '' },
  ])('have ten seconds for $why', async ({ secure, first }) => {
    const { port } = listener;
    const socket = secure ? await socketTo(port) : connectTcp(port, '127.0.0.1');
    // Being reset is being closed.
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.resume().write(first, 'latin1');
    await until(() => clock.waiting === 1);
    clock.advance(10_000);
    await closed;
  });

  it('have as long for the headers of a later request', async () => {
    const socket = await socketTo(listener.port);
    const closed = once(socket, 'close');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write('OPTIONS /x HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await until(() => text.includes('"code":405'));
    // Node itself watches over these, by the clock of the machine.
    socket.write('GET /x HTTP/1.1\r\nhost: loc');
    await closed;
    expect(text).toMatch(/HTTP\/1\.1 408 /);
  });

  it('are told that their body comes too late', async () => {
    const socket = await socketTo(listener.port);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write('POST /x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nhalf');
    // One sleep is that of the connection, which waited for a request.
    await until(() => clock.waiting === 2);
    clock.advance(30_000);
    // The rest of the body is taken for a moment, then it is enough.
    await until(() => text.endsWith('}'));
    clock.advance(5000);
    await once(socket, 'close');
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
    expect(text).toContain('"reason":"Timeout"');
    expect(text).toContain('connection: close');
  });

  it.each(['HTTP/1.1', 'HTTP/2'])(
    'who read nothing hold no memory and are cut off (%s)',
    async (protocol) => {
      if (protocol === 'HTTP/2') {
        const session = connectHttp2(`https://127.0.0.1:${listener.port}`, {
          ca: authority.certificate,
        });
        session.on('error', () => undefined);
        // Nobody reads the stream, so its window fills up.
        session.request({ ':path': '/x' }).on('error', () => undefined);
        await until(() => clock.waiting === 2);
        expect(produced).toBeLessThan(64);
        clock.advance(60_000);
        await until(() => ended);
        session.destroy();
        return;
      }
      const socket = await socketTo(listener.port);
      socket.pause();
      socket.write('GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n');
      await until(() => produced > 8);
      // The buffers of the kernel on both sides fill up first.
      let before = 0;
      while (before !== produced) {
        before = produced;
        for (let turn = 0; turn < 500; turn += 1) await new Promise((go) => setImmediate(go));
      }
      expect(produced).toBeLessThan(1000);
      expect(ended).toBe(false);
      clock.advance(60_000);
      await until(() => ended);
      socket.destroy();
    },
  );
});
