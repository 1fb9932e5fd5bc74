import { openSubject, type Subject } from '../../support/api-subject.ts';
import { judgeMissing, startJudge } from '../../support/judge.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { CHANGES, LISTS } from './requests.ts';
import type { Row } from './row.ts';
import { Stage } from './stage.ts';
import { STREAMS } from './streams.ts';
import { VERDICTS } from './verdicts.ts';

/* A rejection that nobody handles, and an exception that nobody catches, fail the test that runs. */

function suite(open: () => Promise<Subject>): void {
  let subject: Subject;
  beforeAll(async () => {
    subject = await open();
  });
  afterAll(() => subject.close());

  const play = async ({ strike, after, costs, pauseMs = 0, refusals = [] }: Row) => {
    await using stage = await Stage.open(subject.kubeconfig);
    await strike?.(stage);
    await stage.write();
    await after?.(stage);
    await stage.settled();
    expect(stage.mirror.costs).toMatchObject(costs);
    expect(stage.mirror.backwards).toEqual([]);
    expect([...stage.refusals]).toEqual(refusals);
    expect(Math.max(0, ...stage.clock.pauses)).toBeGreaterThanOrEqual(pauseMs);
  };

  describe('a cache equals the server after a watch with', () => {
    it.each([...STREAMS])('$why', play);
  });
  describe('a cache equals the server after a watch that is answered with', () => {
    it.each([...VERDICTS])('$why', play);
  });
  describe('a cache equals the server after a list with', () => {
    it.each([...LISTS])('$why', play);
  });
  describe('a cache equals the server after each write failed with', () => {
    it.each([...CHANGES])('$why', play);
  });
}

describe('the embedded API behind a bad network', () => suite(openSubject));

describe('kube-apiserver behind a bad network', () => {
  const missing = judgeMissing();
  if (missing === undefined) suite(startJudge);
  else it.skip(missing, () => undefined);
});
