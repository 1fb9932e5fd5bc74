import type { CommonStatus, Condition } from '../api/object.ts';
import { Failure } from '../core/failure.ts';

/** Conditions that are there only while something is out of the ordinary. */
export const ABNORMAL: ReadonlySet<string> = new Set([
  'Reconciling',
  'Stalled',
  'ActionRequired',
  'FetchFailed',
  'BuildFailed',
  'StorageOperationFailed',
  'Outdated',
]);

const REASON = /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/;

/** What an invariant looks at. */
interface Seen {
  readonly generation: number;
  /** -1 before the first end state. */
  readonly observed: number;
  /** The conditions that the runtime writes; those of third parties follow their own rules. */
  readonly ours: readonly Condition[];
  readonly ready: Condition | undefined;
}

type Invariant = readonly [name: string, holds: (seen: Seen) => boolean];

function isTrue({ ours }: Seen, type: string): boolean {
  return ours.some((condition) => condition.type === type && condition.status === 'True');
}

/** The rules of kstatus and Flux; the first six are numbered in the design reference. */
const INVARIANTS: readonly Invariant[] = [
  ['Ready is present', ({ ready }) => ready !== undefined],
  [
    'Ready=True excludes every abnormal condition',
    ({ ready, ours }) =>
      ready?.status !== 'True' ||
      ours.every(({ type, status }) => !ABNORMAL.has(type) || status !== 'True'),
  ],
  [
    'Ready is False while Stalled or Reconciling',
    (seen) =>
      seen.ready?.status === 'False' || !(isTrue(seen, 'Stalled') || isTrue(seen, 'Reconciling')),
  ],
  [
    'Ready=Unknown implies Reconciling',
    (seen) => seen.ready?.status !== 'Unknown' || isTrue(seen, 'Reconciling'),
  ],
  [
    'observedGeneration never exceeds generation, and Ready=True needs both equal',
    ({ ready, generation, observed }) =>
      observed <= generation && (ready?.status !== 'True' || observed === generation),
  ],
  [
    'Ready=True implies that every condition speaks of the observed generation',
    ({ ready, ours, observed }) =>
      ready?.status !== 'True' || ours.every((item) => item.observedGeneration === observed),
  ],
  [
    'Stalled and Reconciling exclude each other',
    (seen) => !(isTrue(seen, 'Stalled') && isTrue(seen, 'Reconciling')),
  ],
  [
    'Ready=False is either Stalled or Reconciling',
    (seen) =>
      seen.ready?.status !== 'False' || isTrue(seen, 'Stalled') || isTrue(seen, 'Reconciling'),
  ],
  [
    'abnormal conditions are absent unless True',
    ({ ours }) => ours.every(({ type, status }) => !ABNORMAL.has(type) || status === 'True'),
  ],
  [
    'every condition has its type once and a CamelCase reason',
    ({ ours }) =>
      new Set(ours.map(({ type }) => type)).size === ours.length &&
      ours.every(({ reason }) => REASON.test(reason)),
  ],
];

/** Throws if a status that is about to be written contradicts itself. */
export function assertStatus(
  generation: number,
  status: CommonStatus,
  isOurs: (type: string) => boolean,
): void {
  const ours = (status.conditions ?? []).filter(({ type }) => isOurs(type));
  const ready = ours.find(({ type }) => type === 'Ready');
  const seen = { generation, observed: status.observedGeneration ?? -1, ours, ready };
  const broken = INVARIANTS.find(([, holds]) => !holds(seen));
  if (broken === undefined) return;
  throw new Failure({
    consequence: 'Transient',
    code: 'StatusInvariantBroken',
    message: `the next status is contradictory: not "${broken[0]}"`,
    hint: 'Report this: it is a fault of the controller.',
  });
}

/** A reason as the API takes it, for names that come from outside. */
export function asReason(text: string): string {
  const cleaned = text.replaceAll(/[^A-Za-z0-9_]/g, '').slice(0, 128);
  return REASON.test(cleaned) ? cleaned : 'Failed';
}
