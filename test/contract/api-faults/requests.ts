import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesOf, type Exchange } from '../../support/exchange.ts';
import type { Fault } from '../../support/fault-proxy.ts';
import {
  answer,
  drip,
  error,
  EXPIRED,
  NOTHING,
  reset,
  times,
  type Row,
  type Scene,
} from './row.ts';
import { WRITES, type Stage } from './stage.ts';

const pass: Fault = (exchange) => exchange.pass();

/** The watch expires, and these strike the lists that follow. */
const expired =
  (...faults: readonly Fault[]) =>
  (stage: Scene) => {
    stage.proxy.next('list', ...faults);
    error(410, 'Expired')(stage);
  };

/** The first half of the true answer. */
async function half(exchange: Exchange): Promise<void> {
  const { status, headers, body } = await exchange.ask();
  const bytes = await bytesOf(body);
  exchange.begin(status, headers);
  exchange.bytes(bytes.subarray(0, bytes.length / 2));
  await nextTurn();
}

/** How a list can fail. */
export const ANSWERED_LISTS: readonly Row<Scene>[] = [
  { why: 'RST', strike: expired(reset), costs: EXPIRED },
  {
    why: 'FIN in the middle',
    strike: expired(async (exchange) => {
      await half(exchange);
      exchange.cut();
    }),
    costs: EXPIRED,
  },
  {
    why: 'half of it, then an end in good order',
    strike: expired(async (exchange) => {
      await half(exchange);
      exchange.end();
    }),
    costs: EXPIRED,
  },
  {
    why: 'a byte at a time',
    strike: expired(async (exchange) => {
      const { status, headers, body } = await exchange.ask();
      exchange.begin(status, headers);
      for await (const chunk of body) drip(exchange, chunk);
      exchange.end();
    }),
    costs: EXPIRED,
  },
  {
    why: '200 with a page for people',
    strike: expired((exchange) => exchange.answer(200, '<html>')),
    costs: EXPIRED,
  },
  {
    why: 'a storm of 503',
    strike: expired(...times(8, answer(503, 'ServiceUnavailable'))),
    costs: EXPIRED,
    pauseMs: 30_000,
  },
  {
    why: '429 with Retry-After',
    strike: expired(answer(429, 'TooManyRequests', { 'retry-after': '9' })),
    costs: EXPIRED,
    pauseMs: 9000,
  },
  {
    why: '429 without Retry-After',
    strike: expired(answer(429, 'TooManyRequests')),
    costs: EXPIRED,
  },
];

/** The same, where the list must be long, or old. */
export const LISTS: readonly Row[] = [
  ...ANSWERED_LISTS,
  {
    why: '410 between two pages',
    strike: async (stage) => {
      await stage.fill(201);
      expired(pass, answer(410, 'Expired'))(stage);
    },
    costs: EXPIRED,
  },
  {
    why: '410 between two pages, and for the list without pages',
    strike: async (stage) => {
      await stage.fill(201);
      expired(pass, answer(410, 'Expired'), answer(410, 'Expired'))(stage);
    },
    costs: { ...EXPIRED, gone: 2 },
  },
  {
    why: 'a list that is older than what was seen, twice',
    after: async (stage) => {
      const { items } = JSON.parse(await stage.listNow()) as { items: object[] };
      await stage.settled();
      const old = { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '1' } };
      const past: Fault = (exchange) => exchange.answer(200, { ...old, items: items.slice(1) });
      expired(past, past)(stage);
    },
    costs: EXPIRED,
  },
];

/** Each write fails once, and holds when it is tried again. */
const eachOnce =
  (fault: Fault) =>
  ({ proxy }: Stage) => {
    proxy.next('write', ...times(WRITES, fault, pass));
  };

/** How a write can fail. */
export const CHANGES: readonly Row[] = [
  {
    why: 'RST before the server heard of it',
    strike: eachOnce(reset),
    costs: NOTHING,
    refusals: ['ConnectionLost'],
  },
  {
    why: 'RST instead of the answer',
    strike: eachOnce(async (exchange) => {
      await half(exchange).then(() => exchange.reset());
    }),
    costs: NOTHING,
    refusals: ['ConnectionLost'],
  },
  {
    why: 'half an answer, then an end in good order',
    strike: eachOnce(async (exchange) => {
      await half(exchange);
      exchange.end();
    }),
    costs: NOTHING,
    refusals: ['BadAnswer'],
  },
  {
    why: '503',
    strike: eachOnce(answer(503, 'ServiceUnavailable')),
    costs: NOTHING,
    refusals: ['ServiceUnavailable'],
  },
  {
    why: '429',
    strike: eachOnce(answer(429, 'TooManyRequests')),
    costs: NOTHING,
    refusals: ['TooManyRequests'],
  },
  {
    why: '401 for a token that expired, when there is a new one',
    strike: async (stage) => {
      stage.expireToken();
      await stage.handOutToken();
    },
    costs: NOTHING,
    refusals: [],
  },
];
