import { openSubject, type Subject } from '../../support/api-subject.ts';
import { judgeMissing, startJudge, type Judge } from '../../support/judge.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { GROUPS } from './groups.ts';
import { playAll } from './play.ts';
import { Verdict } from './verdict.ts';
import { openWire, type Wire } from './wire.ts';

const missing = judgeMissing();

if (missing !== undefined) {
  describe('parity with a real kube-apiserver', () => {
    it.skip(missing, () => undefined);
  });
} else {
  let [subject, judge]: [Subject?, Judge?] = [];
  let wires: readonly Wire[] = [];
  let played: ReturnType<typeof playAll>;
  const verdict = new Verdict();

  beforeAll(async () => {
    [subject, judge] = await Promise.all([openSubject(), startJudge()]);
    const [ours, real] = [await openWire(subject.kubeconfig), await openWire(judge.kubeconfig)];
    wires = [ours, real];
    played = playAll(
      { ours, real },
      GROUPS.flatMap(({ cases }) => cases),
    );
  });

  afterAll(async () => {
    for (const wire of wires) wire.close();
    await Promise.all([subject?.close(), judge?.close()]);
  });

  describe.each(GROUPS)('parity: $name', ({ name, cases }) => {
    it.each(cases)('$why', async (plan) => {
      const found = (await played.get(plan)) ?? [];
      const where = `${name}: ${plan.why}`;
      expect(verdict.unexcused(found.map((each) => ({ ...each, where })))).toEqual([]);
    });
  });

  describe('the table of exemptions', () => {
    it('excuses nothing that is equal', () => expect(verdict.idle()).toEqual([]));
  });
}
