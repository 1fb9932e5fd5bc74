import { setImmediate as nextTurn } from 'node:timers/promises';
import { eventually, idle } from '../../support/eventually.ts';
import { expect } from '../../support/runner.ts';
import {
  AGAIN,
  answer,
  drip,
  LISTED,
  NOTHING,
  SILENCE_MS,
  STALLED,
  type Row,
  type Scene,
} from './row.ts';

/** The first byte of the first character that has several. */
function splitAt(bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte >= 0x80) + 1;
}

/** How a stream of events can go on, and end. */
export const BREAKS: readonly Row<Scene>[] = [
  { why: 'RST', strike: ({ watch }) => watch.reset(), costs: AGAIN },
  { why: 'FIN', strike: ({ watch }) => watch.cut(), costs: AGAIN },
  { why: 'an end in good order, but at once', strike: ({ watch }) => watch.end(), costs: AGAIN },
  {
    why: 'FIN in the middle of a line',
    strike: ({ watch }) => {
      watch.relay = (line) => {
        watch.bytes(line.slice(0, line.length / 2));
        watch.cut();
      };
    },
    costs: AGAIN,
  },
  {
    why: 'half a line, then an end in good order',
    strike: ({ watch }) => {
      watch.relay = (line) => {
        watch.bytes(line.slice(0, line.length / 2));
        watch.end();
      };
    },
    costs: AGAIN,
  },
  {
    why: 'a line that is whole but for its newline, then an end in good order',
    strike: ({ watch }) => {
      watch.relay = (line) => {
        watch.bytes(line);
        watch.end();
      };
    },
    costs: AGAIN,
  },
  {
    why: 'a black hole: the connection is there, and says nothing',
    strike: ({ watch }) => watch.mute(),
    after: ({ clock }) => clock.advance(SILENCE_MS),
    costs: STALLED,
  },
  {
    why: 'a byte at a time',
    strike: ({ watch }) => {
      watch.relay = (line) => drip(watch, Buffer.from(`${line}\n`));
    },
    costs: NOTHING,
  },
  {
    why: 'chunks that end in the middle of a character',
    strike: ({ watch }) => {
      watch.relay = async (line) => {
        const bytes = Buffer.from(`${line}\n`);
        watch.bytes(bytes.subarray(0, splitAt(bytes)));
        await nextTurn();
        watch.bytes(bytes.subarray(splitAt(bytes)));
      };
    },
    costs: NOTHING,
  },
  {
    why: 'a line of 10 MB: nobody knows what it was about',
    strike: ({ watch }) => {
      for (let part = 0; part < 11; part += 1) watch.bytes(Buffer.alloc(1_000_000, 'a'));
    },
    costs: LISTED,
  },
  { why: 'a line that is no JSON', strike: ({ watch }) => watch.bytes('{]\n'), costs: AGAIN },
  {
    why: 'an event of a type that nobody knows',
    strike: ({ watch }) => watch.event('SURPRISE', { metadata: { name: 'x' } }),
    costs: AGAIN,
  },
  {
    why: 'an empty line, as some send to keep it alive',
    strike: ({ watch }) => watch.bytes('\n'),
    costs: NOTHING,
  },
  {
    why: 'every event twice',
    strike: ({ watch }) => {
      watch.relay = (line) => watch.bytes(`${line}\n${line}\n`);
    },
    costs: NOTHING,
  },
  {
    why: 'no bookmarks in a quiet time, and a version that was forgotten meanwhile',
    strike: ({ proxy, clock, watch }) => {
      proxy.next('watch', answer(410, 'Expired'));
      watch.mute();
      clock.advance(SILENCE_MS);
    },
    costs: { restarts: 3, relists: 2, gone: 1, stalls: 1 },
  },
];

/** The same, where more than the stream is looked at. */
export const STREAMS: readonly Row[] = [
  ...BREAKS,
  {
    why: 'all events once more after it broke, deletions of what was made again among them',
    // Then the past holds something that was changed once more.
    strike: (stage) => stage.touch('a', 'first'),
    after: async (stage) => {
      await stage.settled();
      const past = stage.watch.lines.map((line) => `${line}\n`).join('');
      stage.proxy.next('watch', (exchange) => exchange.pass(past));
      stage.watch.reset();
      await stage.touch('a', 'last');
    },
    costs: AGAIN,
  },
  {
    why: 'RST after a bookmark, from which it goes on',
    strike: async (stage) => {
      await stage.writeElsewhere();
      const { metadata } = JSON.parse(await stage.listNow()) as { metadata: object };
      stage.watch.event('BOOKMARK', { kind: 'ConfigMap', apiVersion: 'v1', metadata });
      const before = stage.watch;
      await idle();
      before.reset();
      await eventually(() => stage.watch !== before, 'a second watch');
      expect(metadata).toMatchObject({ resourceVersion: stage.watch.query.get('resourceVersion') });
    },
    costs: AGAIN,
  },
];
