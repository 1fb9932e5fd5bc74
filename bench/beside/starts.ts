import { join } from 'node:path';
import { below, rounded, type Figure } from '../support/figures.ts';
import { quantile } from '../support/timing.ts';
import { scaled } from '../support/scale.ts';
import { apiAlone, laminaUp, realKubernetes, type Contender } from './contenders.ts';
import { both, told } from './pair.ts';

const STARTS = scaled(5, 2);
const LIMIT_SECONDS = 0.5;

interface Times {
  readonly fresh: number[];
  readonly again: number[];
}

async function startOnce(contender: Contender, folder: string): Promise<number> {
  await using server = await contender(folder);
  return server.seconds;
}

/** How soon each of them serves, on new data and on what it left a moment ago. */
export async function starts(folder: string, withReal: boolean): Promise<readonly Figure[]> {
  const contenders = new Map<string, Contender>([
    ['`./lamina up`', laminaUp],
    ['API alone', apiAlone],
    ...(withReal ? [['real', realKubernetes] as const] : []),
  ]);
  const times = new Map<string, Times>();
  for (const name of contenders.keys()) times.set(name, { fresh: [], again: [] });
  for (let round = 0; round < STARTS; round += 1) {
    for (const [name, contender] of contenders) {
      const place = join(folder, `start-${round}-${name.replaceAll(/[^a-zA-Z]/g, '')}`);
      times.get(name)?.fresh.push(await startOnce(contender, place));
      times.get(name)?.again.push(await startOnce(contender, place));
    }
  }
  const real = times.get('real');
  return [...times]
    .filter(([name]) => name !== 'real')
    .flatMap(([name, { fresh, again }]) => [
      figureOf(`${name}, new data: start to ready`, fresh, real?.fresh),
      figureOf(`${name}, started again: start to ready`, again, real?.again),
    ]);
}

function figureOf(
  what: string,
  times: readonly number[],
  real: readonly number[] | undefined,
): Figure {
  return told(
    {
      what,
      unit: 's',
      ...both({ ours: times, real }, (list) => quantile(list, 0.5)),
      notes: [`best of ${STARTS}: ${rounded(Math.min(...times))} s`],
    },
    below(LIMIT_SECONDS),
  );
}
