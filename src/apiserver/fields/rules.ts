import { memo } from '../../core/memo.ts';
import type { ServedResource } from '../model/resource.ts';
import { setOfFields } from './field-set.ts';
import { shapeOf } from './shape.ts';
import type { FieldRules } from './updater.ts';

const rulesOf = memo(({ schema, strategy }: ServedResource) => {
  const shape = shapeOf(schema);
  const ignoring = (paths: readonly string[]): FieldRules => ({
    shape,
    ignored: setOfFields(...paths),
  });
  const { main, status } = strategy.unowned;
  return { main: ignoring(main), status: ignoring(status) };
});

/** How the fields of a resource are owned, when it is written as a whole or by its status. */
export function fieldRulesOf(resource: ServedResource, subresource?: 'status'): FieldRules {
  return rulesOf(resource)[subresource ?? 'main'];
}
