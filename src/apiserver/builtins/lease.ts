import { invalid, type FieldError } from '../../api/validation/field-error.ts';
import { isObject } from '../../core/json.ts';
import { badBody } from '../model/errors.ts';
import { builtIn, object, prune, schemaOf, text, whole } from './structural.ts';

type Content = Readonly<Record<string, unknown>>;

const time = { type: 'string', format: 'date-time' } as const;

const schema = schemaOf('A Lease says who leads, and until when.', {
  spec: object('Who holds it.', {
    holderIdentity: text('The holder.'),
    leaseDurationSeconds: whole('How long others wait before they take it.'),
    acquireTime: time,
    renewTime: time,
    leaseTransitions: whole('How often the holder changed.'),
    // Known, and not kept, as on a cluster without coordinated leader election.
    strategy: text('How the next holder is chosen.'),
    preferredHolder: text('Who should take it next.'),
  }),
});

/** Electors compare microseconds, so Kubernetes takes no other number of digits. */
const MICRO_TIME = /\.\d{6}([Zz]|[+-]\d\d:\d\d)$/;

const MAX_INT32 = 2 ** 31 - 1;

function specOf(lease: Content): Content {
  const { spec } = lease;
  if (!isObject(spec)) return {};
  const { strategy: _strategy, preferredHolder: _holder, ...kept } = spec;
  for (const [field, value] of Object.entries(kept)) {
    const isTime = field.endsWith('Time') && typeof value === 'string';
    const isWrong =
      (isTime && !MICRO_TIME.test(value)) || (typeof value === 'number' && value > MAX_INT32);
    if (!isWrong) continue;
    const what = isTime ? 'needs six digits of a second' : 'is larger than 32 bits hold';
    throw badBody(`Lease in version "v1" cannot be handled as a Lease: spec.${field} ${what}`);
  }
  return kept;
}

function errorsOf(spec: Content): readonly FieldError[] {
  const { leaseDurationSeconds: duration, leaseTransitions: transitions } = spec;
  return [
    ...(typeof duration === 'number' && duration <= 0
      ? [invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0')]
      : []),
    ...(typeof transitions === 'number' && transitions < 0
      ? [invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
      : []),
  ];
}

/** Leases, for leader election. */
export const LEASES = builtIn({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  schema,
  strategy: {
    check: (candidate) => {
      const { object, unknown } = prune('Lease', schema, candidate);
      const spec = specOf(object);
      return { object: { ...object, spec }, unknown, errors: errorsOf(spec) };
    },
    unconditionalUpdate: false,
    always: { spec: {} },
    createOnUpdate: true,
  },
});
