import { Health, type HealthCheck } from '../../../../src/apiserver/http/health.ts';
import { jsonLog } from '../../../../src/host/log.ts';
import { ManualClock } from '../../../support/clock.ts';
import { describe, expect, it } from '../../../support/runner.ts';
import { textOf } from './api.ts';

function scene(checks: readonly HealthCheck[]) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const log = jsonLog(
    (line) => lines.push(line),
    () => 0,
    { level: 'info' },
  );
  const health = new Health(() => checks, clock, log);
  const ask = async (path: string, query = '') => {
    const request = { method: 'GET', path, headers: {} } as const;
    const answer = await health.serve(request, path, new URLSearchParams(query));
    return [answer.status, await textOf(answer)];
  };
  return { ask, clock, lines };
}

// The texts are those of kube-apiserver (staging/src/k8s.io/apiserver/pkg/server/healthz/healthz.go).
describe('health', () => {
  let broken: string | undefined;
  let looks = 0;
  const check = () => {
    looks += 1;
    if (broken !== undefined) throw new Error(broken);
  };
  const CHECKS = [
    { name: 'vital', isVital: true, check: () => undefined },
    { name: 'other', isVital: false, check },
  ];

  it('is a word, or a line for each check', async () => {
    broken = undefined;
    const { ask } = scene(CHECKS);
    expect(await ask('/readyz')).toEqual([200, 'ok']);
    const lines = '[+]ping ok\n[+]vital ok\n[+]other ok\nreadyz check passed\n';
    expect(await ask('/readyz', 'verbose')).toEqual([200, lines]);
    expect(await ask('/livez', 'verbose=1')).toEqual([
      200,
      '[+]ping ok\n[+]vital ok\nlivez check passed\n',
    ]);
  });

  it('answers for one check, and leaves out those that are excluded', async () => {
    broken = 'the reason';
    const { ask } = scene(CHECKS);
    expect(await ask('/readyz/vital')).toEqual([200, 'ok']);
    expect(await ask('/readyz/other')).toEqual([500, 'internal server error: reason withheld\n']);
    expect(await ask('/readyz', 'exclude=other')).toEqual([200, 'ok']);
    const lines = '[+]ping ok\n[+]vital ok\n[+]other excluded: ok\nreadyz check passed\n';
    expect(await ask('/readyz', 'exclude=other&verbose')).toEqual([200, lines]);
    await expect(ask('/livez/other')).rejects.toThrow('could not find');
  });

  it('names what fails to everybody, and why to the log, once', async () => {
    broken = 'the reason';
    const { ask, lines, clock } = scene(CHECKS);
    const failed =
      '[+]ping ok\n[+]vital ok\n[-]other failed: reason withheld\nreadyz check failed\n';
    expect(await ask('/readyz')).toEqual([500, failed]);
    clock.advance(1000);
    expect(await ask('/readyz')).toEqual([500, failed]);
    expect(await ask('/livez')).toEqual([200, 'ok']);
    broken = undefined;
    clock.advance(1000);
    expect(await ask('/readyz')).toEqual([200, 'ok']);
    const said = lines.map((line) => JSON.parse(line) as Record<string, string>);
    expect(said.map(({ message, why }) => [message, why])).toEqual([
      ['a health check fails', 'the reason'],
      ['a health check is well again', undefined],
    ]);
  });

  it('is looked at once a second, however many ask', async () => {
    broken = undefined;
    looks = 0;
    const { ask, clock } = scene(CHECKS);
    await Promise.all(Array.from({ length: 50 }, () => ask('/readyz')));
    expect(looks).toBe(1);
    clock.advance(1000);
    await ask('/readyz');
    expect(looks).toBe(2);
  });

  it('does not wait for ever for a check that hangs', async () => {
    const hangs = { name: 'hangs', isVital: true, check: () => new Promise<void>(() => undefined) };
    const { ask, clock } = scene([hangs]);
    const asked = ask('/livez');
    await Promise.resolve();
    clock.advance(5000);
    expect((await asked)[0]).toBe(500);
  });
});
