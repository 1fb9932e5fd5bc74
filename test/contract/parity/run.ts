import { openSubject } from '../../support/api-subject.ts';
import { startJudge } from '../../support/judge.ts';
import { GROUPS } from './groups.ts';
import { playAll } from './play.ts';
import { Verdict, type Found } from './verdict.ts';
import { openWire } from './wire.ts';

/*
 * Plays the cases on both servers and prints what differs, for whoever changes the server:
 * node test/contract/parity/run.ts [PATTERN], where PATTERN is a regular expression for `group: why`.
 * With --all, excused differences are printed too.
 */

const words = process.argv.slice(2).filter((word) => word !== '--all');
const isAll = process.argv.includes('--all');
const wanted = new RegExp(words[0] ?? '', 'i');

/** Longest text that is printed whole. */
const SHORT = 300;

function text(value: unknown): string {
  return value === undefined ? '(missing)' : JSON.stringify(value);
}

/** Where two texts part. */
function parting(left: string, right: string): number {
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return at;
}

function print(found: readonly Found[]): void {
  for (const { at, ours, real } of found) {
    const sides = [text(ours), text(real)] as const;
    const from = Math.max(0, parting(...sides) - SHORT / 5);
    const [left, right] = sides.map((side) => {
      if (side.length <= SHORT) return side;
      return `${from > 0 ? '…' : ''}${side.slice(from, from + SHORT)}`;
    });
    console.log(`  ${at}\n    ours: ${left}\n    real: ${right}`);
  }
}

await using stack = new AsyncDisposableStack();
const [subject, judge] = await Promise.all([openSubject(), startJudge()]);
stack.defer(() => subject.close());
stack.defer(() => judge.close());
const [ours, real] = await Promise.all([openWire(subject.kubeconfig), openWire(judge.kubeconfig)]);
stack.defer(() => ours.close());
stack.defer(() => real.close());

const verdict = new Verdict();
const plans = GROUPS.flatMap(({ name, cases }) =>
  cases.map((plan) => ({ plan, where: `${name}: ${plan.why}` })),
).filter(({ where }) => wanted.test(where));
const played = playAll(
  { ours, real },
  plans.map(({ plan }) => plan),
);
let differing = 0;
for (const { plan, where } of plans) {
  const all = ((await played.get(plan)) ?? []).map((each) => ({ ...each, where }));
  const left = verdict.unexcused(all);
  const told = isAll ? all : left;
  if (left.length > 0) differing += 1;
  if (told.length > 0) console.log(where);
  print(told);
}
if (words.length === 0) {
  for (const fit of verdict.idle()) console.log('no longer needed:', JSON.stringify(fit));
}
console.log(`${plans.length} cases, ${differing} differ without excuse`);
process.exitCode = differing === 0 ? 0 : 1;
