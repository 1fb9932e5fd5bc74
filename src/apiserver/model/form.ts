import { memo } from '../../core/memo.ts';
import type { Form } from './resource.ts';

/** Both ways: a name that belongs to the other side becomes one that is unknown on this side. */
const exchanged = memo(({ names }: Form): ReadonlyMap<string, string> => {
  const back = [...names].map(([stored, shown]) => [shown, stored] as const);
  return new Map([...names, ...back]);
});

/** The name of a field on the other side of a form; the same way leads back. */
export function otherName(form: Form, name: string): string {
  return exchanged(form).get(name) ?? name;
}

/** Fields under their names on the other side of a form. */
export function otherFields(
  form: Form,
  fields: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [otherName(form, name), value]),
  );
}
