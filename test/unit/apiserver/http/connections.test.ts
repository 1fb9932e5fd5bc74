import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { Connections } from '../../../../src/apiserver/http/connections.ts';
import { ManualClock } from '../../../support/clock.ts';
import { idle } from '../../../support/eventually.ts';
import { beforeEach, describe, expect, it } from '../../../support/runner.ts';

class Line extends EventEmitter {
  readonly remoteAddress = '127.0.0.1';
  readonly localAddress = '127.0.0.1';
  readonly remotePort: number;
  isGone = false;

  constructor(remotePort: number) {
    super();
    this.remotePort = remotePort;
  }

  destroy(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.emit('close');
  }
}

let clock: ManualClock;
let connections: Connections;
let ports: number;

function come(): Line & Socket {
  const line = new Line((ports += 1)) as Line & Socket;
  connections.add(line);
  return line;
}

function ask(line: Socket, isHolder: boolean) {
  const visit = connections.visit(line);
  if (isHolder) visit.trusted();
  return visit;
}

const goneOf = (...lines: readonly (Line & Socket)[]) => lines.map(({ isGone }) => isGone);

beforeEach(() => {
  ports = 0;
  clock = new ManualClock();
  connections = new Connections({ strangers: 2, holders: 2 }, clock);
});

describe('a full room of strangers', () => {
  it('drops the oldest, never the one that comes', () => {
    const [first, second, third, fourth] = [come(), come(), come(), come()];
    expect(goneOf(first, second, third, fourth)).toEqual([true, true, false, false]);
  });

  it('spares who is being answered', () => {
    const first = come();
    const visit = ask(first, false);
    const [second, third] = [come(), come()];
    expect(goneOf(first, second, third)).toEqual([false, true, false]);
    visit.over();
    expect(goneOf(first, third, come())).toEqual([true, false, false]);
  });

  it('drops the oldest if all are being answered', () => {
    const [first, second] = [come(), come()];
    ask(first, false);
    ask(second, false);
    expect(goneOf(first, second, come())).toEqual([true, false, false]);
  });

  it('leaves holders alone', () => {
    const holder = come();
    ask(holder, true).over();
    expect(goneOf(holder, come(), come(), come())).toEqual([false, true, false, false]);
  });
});

describe('a full room of holders', () => {
  it('drops the one that was not used for longest', () => {
    const [first, second] = [come(), come()];
    ask(first, true).over();
    ask(second, true).over();
    ask(first, true).over();
    const third = come();
    ask(third, true);
    expect(goneOf(first, second, third)).toEqual([false, true, false]);
  });

  it('never drops one that is being served', () => {
    const lines: (Line & Socket)[] = [];
    for (let count = 0; count < 4; count += 1) {
      const line = come();
      ask(line, true);
      lines.push(line);
    }
    expect(goneOf(...lines)).toEqual([false, false, false, false]);
  });
});

describe('a first request', () => {
  it('must have come after ten seconds', async () => {
    const [silent, asking] = [come(), come()];
    ask(asking, false).over();
    clock.advance(9_999);
    await idle();
    expect(goneOf(silent, asking)).toEqual([false, false]);
    clock.advance(1);
    await idle();
    expect(goneOf(silent, asking)).toEqual([true, false]);
  });
});

describe('a request of a connection that ended meanwhile', () => {
  it('changes nothing', () => {
    const line = come();
    line.destroy();
    ask(line, true).over();
    expect(goneOf(come(), come())).toEqual([false, false]);
  });
});
