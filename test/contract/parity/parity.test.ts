import { openSubject, type Subject } from '../../support/api-subject.ts';
import { judgeMissing, startJudge, type Judge } from '../../support/judge.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../support/runner.ts';
import { GROUPS } from './groups.ts';
import { play, type Servers } from './play.ts';
import { Verdict } from './verdict.ts';
import { openWire } from './wire.ts';

const missing = judgeMissing();

if (missing !== undefined) {
  describe('parity with a real kube-apiserver', () => {
    it.skip(missing, () => undefined);
  });
} else {
  let [subject, judge]: [Subject?, Judge?] = [];
  let servers: Servers;
  const verdict = new Verdict();
  let number = 0;

  beforeAll(async () => {
    [subject, judge] = await Promise.all([openSubject(), startJudge()]);
    const wires = [openWire(subject.kubeconfig), openWire(judge.kubeconfig)] as const;
    const [ours, real] = await Promise.all(wires);
    servers = { ours, real };
  });

  afterAll(async () => {
    servers.ours.close();
    servers.real.close();
    await Promise.all([subject?.close(), judge?.close()]);
  });

  describe.each(GROUPS)('parity: $name', ({ name, cases }) => {
    it.each(cases)('$why', async (plan) => {
      number += 1;
      const found = await play(servers, plan, `case-${number}`);
      const where = `${name}: ${plan.why}`;
      expect(verdict.unexcused(found.map((each) => ({ ...each, where })))).toEqual([]);
    });
  });

  describe('the table of exemptions', () => {
    it('excuses nothing that is equal', () => expect(verdict.idle()).toEqual([]));
  });
}
