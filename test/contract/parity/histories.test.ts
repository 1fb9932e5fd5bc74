import { openSubject, type Subject } from '../../support/api-subject.ts';
import { judgeMissing, startJudge, type Judge } from '../../support/judge.ts';
import { seeded } from '../../support/random.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { runs, SEED } from '../../support/soak.ts';
import { history } from './histories.ts';
import { playAll } from './play.ts';
import { openWire, type Wire } from './wire.ts';

const HISTORIES = 500;
const STEPS = 20;

/**
 * What the real server stores of empty metadata, it does not read, so that a later write which changes
 * nothing makes a revision. Cases of their own tell when a revision is made.
 */
const STORED = /\.metadata\.resourceVersion$/;

const missing = judgeMissing();

if (missing !== undefined) {
  describe('histories of several managers', () => {
    it.skip(missing, () => undefined);
  });
} else {
  let [subject, judge]: [Subject?, Judge?] = [];
  let wires: readonly Wire[] = [];

  beforeAll(async () => {
    [subject, judge] = await Promise.all([openSubject(), startJudge()]);
    wires = [await openWire(subject.kubeconfig), await openWire(judge.kubeconfig)];
  });

  afterAll(async () => {
    for (const wire of wires) wire.close();
    await Promise.all([subject?.close(), judge?.close()]);
  });

  describe('histories of several managers', () => {
    it('end alike on a real kube-apiserver', async () => {
      const [ours, real] = wires;
      if (ours === undefined || real === undefined) throw new Error('the servers did not start');
      const plans = Array.from({ length: runs(HISTORIES) }, (_, index) =>
        history(seeded(SEED + index), `seed ${SEED + index}`, STEPS),
      );
      for (const [plan, played] of playAll({ ours, real }, plans)) {
        const found = (await played).filter(({ at }) => !STORED.test(at));
        expect([plan.why, ...found]).toEqual([plan.why]);
      }
    });
  });
}
