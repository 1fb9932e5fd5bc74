import { outside } from '../../../src/main/outside.ts';
import { describe, expect, it } from '../../support/runner.ts';

/** Something that tells of keys, as the runner of jobs and the connections do. */
function source() {
  const watchers = new Set<(key: string) => void>();
  return {
    watchers,
    watch: (changed: (key: string) => void) => {
      watchers.add(changed);
      return () => watchers.delete(changed);
    },
    tell: (key: string) => {
      for (const watcher of watchers) watcher(key);
    },
  };
}

describe('what happens outside', () => {
  it('is looked at once, however many listen, before anybody is woken', () => {
    const jobs = source();
    const platforms = source();
    const told: string[] = [];
    const watch = outside(
      { watch: jobs.watch, isBusy: (key) => key === 'busy' },
      { watch: platforms.watch, touched: (key) => void told.push(`look at ${key}`) },
    );
    const stops = ['a', 'b'].map((name) => watch((key) => void told.push(`${name}: ${key}`)));
    jobs.tell('k');
    jobs.tell('busy');
    platforms.tell('p');
    expect(told).toEqual([
      'look at k',
      ...['k', 'busy', 'p'].flatMap((key) => [`a: ${key}`, `b: ${key}`]),
    ]);
    for (const stop of stops) stop();
    expect([jobs.watchers.size, platforms.watchers.size]).toEqual([0, 0]);
  });
});
