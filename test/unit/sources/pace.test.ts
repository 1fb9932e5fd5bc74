import { turnOver } from '../../../src/host/turn.ts';
import { Pace } from '../../../src/sources/pace.ts';
import { describe, expect, it } from '../../support/runner.ts';

/** How many of sixteen workers that begin at once go on in each turn of the event loop. */
async function turnsOf(chars: number): Promise<readonly number[]> {
  const pace = new Pace();
  let turn = 0;
  const at: number[] = [];
  const workers = Promise.all(
    Array.from({ length: 16 }, async () => {
      await pace.take(chars);
      at.push(turn);
    }),
  );
  for (; turn < 20; turn += 1) await turnOver();
  await workers;
  return [...Map.groupBy(at, (when) => when).values()].map((group) => group.length);
}

describe('Pace', () => {
  it.each([
    { why: 'small objects share a turn', chars: 200, want: [16] },
    { why: 'objects of a few kilobytes share one with some', chars: 14_336, want: [3, 4, 4, 4, 1] },
    {
      why: 'large objects come one by one',
      chars: 500_000,
      want: Array.from({ length: 16 }, () => 1),
    },
  ])('$why', async ({ chars, want }) => {
    expect(await turnsOf(chars)).toEqual(want);
  });
});
