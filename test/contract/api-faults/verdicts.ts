import { eventually } from '../../support/eventually.ts';
import type { Fault } from '../../support/fault-proxy.ts';
import {
  AGAIN,
  answer,
  error,
  EXPIRED,
  LISTED,
  NOTHING,
  reset,
  SILENCE_MS,
  STALLED,
  times,
  type Row,
  type Scene,
} from './row.ts';

const html: Fault = (exchange) =>
  exchange.answer(502, '<html>Bad Gateway</html>', { 'content-type': 'text/html' });

/** The watch breaks, and these strike those who try to go on. */
const broken =
  (...faults: readonly Fault[]) =>
  ({ proxy, watch }: Scene) => {
    proxy.next('watch', ...faults);
    watch.reset();
  };

/** What a server may say instead of events. */
export const ANSWERS: readonly Row<Scene>[] = [
  { why: '410 as an event', strike: error(410, 'Expired'), costs: EXPIRED },
  {
    why: '410 as an event, with the reason of old servers',
    strike: error(410, 'Gone'),
    costs: EXPIRED,
  },
  { why: '410 as an event without a reason', strike: error(410), costs: EXPIRED },
  {
    why: '410 as a status',
    strike: broken(answer(410, 'Expired')),
    costs: { ...EXPIRED, restarts: 3 },
  },
  {
    why: '410 as a status without a body, as proxies write it',
    strike: broken((exchange) => exchange.answer(410)),
    costs: { ...EXPIRED, restarts: 3 },
  },
  { why: 'an ERROR event with 500', strike: error(500, 'InternalError'), costs: AGAIN },
  { why: 'an ERROR event with 504', strike: error(504, 'Timeout'), costs: AGAIN },
  { why: 'an ERROR event with 403', strike: error(403, 'Forbidden'), costs: AGAIN },
  {
    why: 'an ERROR event with 429 and how long to wait',
    strike: error(429, 'TooManyRequests', { details: { retryAfterSeconds: 4 } }),
    costs: AGAIN,
    pauseMs: 4000,
  },
  {
    why: 'an ERROR event with 400: what was asked is wrong, so the version may be',
    strike: error(400, 'BadRequest'),
    costs: LISTED,
  },
  {
    why: 'an ERROR event without a status',
    strike: ({ watch }) => watch.event('ERROR', null),
    costs: AGAIN,
  },
  {
    why: '429 with Retry-After',
    strike: broken(answer(429, 'TooManyRequests', { 'retry-after': '7' })),
    costs: { ...NOTHING, restarts: 3 },
    pauseMs: 7000,
  },
  {
    why: '429 without Retry-After',
    strike: broken(answer(429, 'TooManyRequests')),
    costs: { ...NOTHING, restarts: 3 },
  },
  {
    why: 'a storm of 503: the version is as good as before',
    strike: broken(...times(8, answer(503, 'ServiceUnavailable'))),
    costs: { ...NOTHING, restarts: 10 },
    pauseMs: 30_000,
  },
  {
    why: '502 of a gateway three times: the version is in doubt',
    strike: broken(...times(3, html)),
    costs: { ...LISTED, restarts: 5 },
  },
  {
    why: 'a version that the server never had, three times',
    strike: broken(...times(3, answer(504, 'Timeout'))),
    costs: { ...LISTED, restarts: 5 },
  },
  {
    why: 'RST and FIN before there is an answer',
    strike: broken(reset, (exchange) => exchange.cut()),
    costs: { ...NOTHING, restarts: 4 },
  },
  {
    why: '401 for a token that expired, when there is a new one',
    strike: async (stage) => {
      stage.expireToken();
      await stage.handOutToken();
      stage.watch.reset();
    },
    costs: AGAIN,
  },
];

/** The same, where more must happen than the answer. */
export const VERDICTS: readonly Row[] = [
  ...ANSWERS,
  {
    why: 'no answer at all',
    strike: broken((exchange) => exchange.closed()),
    after: async ({ proxy, clock }) => {
      await eventually(() => proxy.of('watch').length === 2, 'a second watch');
      clock.advance(SILENCE_MS);
    },
    costs: { ...STALLED, restarts: 3 },
  },
  {
    why: '401 for a token that expired, when the new one comes late',
    strike: async (stage) => {
      stage.expireToken();
      stage.watch.reset();
      await eventually(() => stage.proxy.refused >= 8, 'some refusals');
      await stage.handOutToken();
    },
    costs: { gone: 0, stalls: 0 },
  },
];
