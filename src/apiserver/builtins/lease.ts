import { invalid } from '../../api/validation/field-error.ts';
import { isObject } from '../../core/json.ts';
import type { FieldError } from '../model/resource.ts';
import { builtIn, object, prune, schemaOf, text, whole } from './structural.ts';

const time = { type: 'string', format: 'date-time' } as const;

const schema = schemaOf('A Lease says who leads, and until when.', {
  spec: object('Who holds it.', {
    holderIdentity: text('The holder.'),
    leaseDurationSeconds: whole('How long others wait before they take it.'),
    acquireTime: time,
    renewTime: time,
    leaseTransitions: whole('How often the holder changed.'),
    strategy: text('How the next holder is chosen.'),
    preferredHolder: text('Who should take it next.'),
  }),
});

function errorsOf(lease: Readonly<Record<string, unknown>>): readonly FieldError[] {
  const spec = isObject(lease['spec']) ? lease['spec'] : {};
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
      return { object, unknown, errors: errorsOf(object) };
    },
    generation: false,
    unconditionalUpdate: false,
    labelName: false,
    selectable: {},
    keptByStatus: [],
    mergeKeys: {},
  },
});
