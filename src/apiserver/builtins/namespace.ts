import { invalid } from '../../api/validation/field-error.ts';
import { isObject } from '../../core/json.ts';
import type { StoredObject } from '../model/object.ts';
import { textAt } from '../model/path.ts';
import { builtIn, list, listMap, object, prune, schemaOf, text } from './structural.ts';

/** The finalizer in `spec` that stands for the content of a namespace. */
const CONTENT = 'kubernetes';

/** The label by which every namespace can be selected. */
const NAME_LABEL = 'kubernetes.io/metadata.name';

/** The namespace that is there from the start and stays. */
export const DEFAULT_NAMESPACE = 'default';

const schema = schemaOf('A Namespace holds objects; deleting it deletes them.', {
  spec: object('What holds the namespace.', {
    finalizers: list('Set by the server: stands for the content.', text('Name.')),
  }),
  status: object('How the namespace is.', {
    phase: text('Active or Terminating.'),
    conditions: listMap(
      'What blocks a deletion.',
      'type',
      object('A condition.', {
        type: text('Type of the condition.'),
        status: text('Whether it holds.'),
        lastTransitionTime: { type: 'string', format: 'date-time' },
        reason: text('Stable reason.'),
        message: text('A sentence for people.'),
      }),
    ),
  }),
});

function held(candidate: StoredObject): boolean {
  const { spec } = candidate;
  const finalizers = isObject(spec) ? spec['finalizers'] : undefined;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

/** When the server has which phase. */
const PHASE_TEXT = {
  Active: "may only be 'Active' if `deletionTimestamp` is empty",
  Terminating: "may only be 'Terminating' if `deletionTimestamp` is not empty",
};

/** Namespaces. */
export const NAMESPACES = builtIn({
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  short: ['ns'],
  namespaced: false,
  status: true,
  schema,
  strategy: {
    check: (candidate, { old } = {}) => {
      const { object: pruned, unknown } = prune('Namespace', schema, candidate);
      // The finalizer is the server's: it goes when the content is gone, not before.
      const spec = old === undefined ? { finalizers: [CONTENT] } : old['spec'];
      const status = isObject(pruned['status']) ? pruned['status'] : {};
      const phase = old?.metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating';
      const asked = status['phase'];
      const errors =
        asked === undefined || asked === phase
          ? []
          : [invalid('status.Phase', asked, PHASE_TEXT[phase])];
      return { object: { ...pruned, spec, status: { ...status, phase } }, unknown, errors };
    },
    labelName: true,
    selectable: { 'status.phase': textAt('.status.phase') },
    unowned: { main: ['status', 'spec.finalizers'], status: ['spec'] },
    always: { spec: {}, status: {} },
    mergeKeys: { 'status.conditions': 'type' },
    lifecycle: {
      labels: (name) => ({ [NAME_LABEL]: name }),
      refuseDelete: (name) =>
        name === DEFAULT_NAMESPACE ? 'this namespace may not be deleted' : undefined,
      held,
      terminating: (object) => ({
        ...object,
        status: { ...(isObject(object['status']) ? object['status'] : {}), phase: 'Terminating' },
      }),
    },
  },
});
