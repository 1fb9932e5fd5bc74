import { isObject } from '../../../src/core/json.ts';
import { until } from '../../support/until.ts';
import type { Ask, Case, Wanted } from './case.ts';
import { differences, type Difference } from './compare.ts';
import { Mask } from './mask.ts';
import type { Answer, Wire } from './wire.ts';

/** The two servers that are compared. */
export interface Servers {
  readonly ours: Wire;
  readonly real: Wire;
}

/** Headers that tell something to clients; others are the business of a server alone. */
const HEADERS = [
  ['content-type', 'cache-control', 'warning', 'allow'],
  ['retry-after', 'www-authenticate', 'location'],
].flat();

const NAMESPACES = '/api/v1/namespaces';

function fieldOf(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (isObject(at) || Array.isArray(at) ? Reflect.get(at, key) : undefined),
    value,
  );
}

/** A text with what its placeholders stand for. */
function filled(text: string, namespace: string, seen: readonly Answer[]): string {
  return text.replaceAll('{ns}', namespace).replace(/\{(\d+)\.([\w.]+)\}/g, (_, index, path) => {
    const value = fieldOf(seen[Number(index)]?.body, String(path).split('.'));
    return typeof value === 'string' ? value : JSON.stringify(value ?? '<missing>');
  });
}

function filledAsk(ask: Ask, namespace: string, seen: readonly Answer[]): Ask {
  const fill = (text: string) => filled(text, namespace, seen);
  const { body, headers = {} } = ask;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    ...ask,
    path: fill(ask.path),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, fill(value)]),
    ),
    ...(body === undefined || body instanceof Uint8Array ? {} : { body: fill(text) }),
  };
}

function isWanted({ status, body }: Answer, wanted: Wanted): boolean {
  if (wanted.status !== undefined && status !== wanted.status) return false;
  return wanted.text === undefined || JSON.stringify(body).includes(wanted.text);
}

async function asked(wire: Wire, ask: Ask): Promise<Answer> {
  let answer = await wire.send(ask);
  const { until: wanted } = ask;
  if (wanted === undefined) return answer;
  const look = async () => {
    answer = await wire.send(ask);
    return isWanted(answer, wanted);
  };
  // What never comes is compared as it is.
  await until(`${ask.method} ${ask.path}`, look).catch(() => undefined);
  return answer;
}

async function answers(wire: Wire, { asks }: Case, namespace: string): Promise<readonly Answer[]> {
  const seen: Answer[] = [];
  for (const ask of asks) seen.push(await asked(wire, filledAsk(ask, namespace, seen)));
  return seen;
}

function headersOf({ headers }: Answer): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(HEADERS.map((name) => [name, headers[name]]));
}

function brief({ status, body }: Answer): string {
  const told = isObject(body) ? [body['message'], body['details'], body['kind']] : [body];
  const words = told.filter((each) => each !== undefined).map((each) => JSON.stringify(each));
  return `${status} ${words.join(' ').slice(0, 300)}`;
}

/** Prefixes of all names that a case lets the server end. */
function generatedIn({ asks }: Case): readonly string[] {
  const found = JSON.stringify(asks).matchAll(/"generateName":"([^"]+)"/g);
  return [...found].map(([, prefix]) => String(prefix));
}

interface Sides {
  readonly ours: Answer;
  readonly real: Answer;
}

function comparedAt(ask: Ask, index: number, { ours, real }: Sides, masks: readonly [Mask, Mask]) {
  const { pick = (body) => body } = ask;
  const at = String(index);
  const left = masks[0].body(pick(ours.body), `${at}.body`);
  const right = masks[1].body(pick(real.body), `${at}.body`);
  if (ours.status !== real.status) {
    const [told, wanted] = [brief({ ...ours, body: left }), brief({ ...real, body: right })];
    return [{ at: `${at}.status`, ours: told, real: wanted }];
  }
  return [
    ...differences(`${at}.headers`, headersOf(ours), headersOf(real)),
    ...differences(`${at}.body`, left, right),
  ];
}

function compared(plan: Case, ours: readonly Answer[], real: readonly Answer[]) {
  const [now, generated] = [Date.now(), generatedIn(plan)];
  const masks = [new Mask(now, generated), new Mask(now, generated)] as const;
  return plan.asks.flatMap((ask, index): readonly Difference[] => {
    const [left, right] = [ours[index], real[index]];
    if (left === undefined || right === undefined) return [];
    return comparedAt(ask, index, { ours: left, real: right }, masks);
  });
}

/** Makes the namespace of a case. */
export async function makeNamespace(wire: Wire, namespace: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const headers = { 'content-type': 'application/json' };
  const made = await wire.send({ method: 'POST', path: NAMESPACES, body, headers });
  if (made.status !== 201) throw new Error(`namespace ${namespace}: ${brief(made)}`);
}

/** Plays a case on both servers, and tells every difference. */
async function play(
  servers: Servers,
  plan: Case,
  namespace: string,
): Promise<readonly Difference[]> {
  const both = [servers.ours, servers.real];
  const [ours = [], real = []] = await Promise.all(
    both.map(async (wire) => {
      await makeNamespace(wire, namespace);
      return answers(wire, plan, namespace);
    }),
  );
  return compared(plan, ours, real);
}

/** A number by itself could be a revision as well, which is masked. */
const namespaceOf = (number: number) => `case${number}`;

/** Cases wait for what happens behind a request, so some are played at the same time. */
const LANES = 8;

/** Plays all cases, and tells of each by a promise. */
export function playAll(
  servers: Servers,
  plans: readonly Case[],
): ReadonlyMap<Case, Promise<readonly Difference[]>> {
  const ends = Array.from({ length: LANES }, () => Promise.resolve<unknown>(undefined));
  return new Map(
    plans.map((plan, number) => {
      const lane = number % LANES;
      const played = Promise.resolve(ends[lane]).then(() =>
        play(servers, plan, namespaceOf(number)),
      );
      ends[lane] = played.catch(() => undefined);
      return [plan, played];
    }),
  );
}
