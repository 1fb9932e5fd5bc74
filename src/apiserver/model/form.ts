import type { Form } from './resource.ts';

type Names = ReadonlyMap<string, string>;

/** Both ways: a name that belongs to the other side becomes one that is unknown on this side. */
function exchanged(names: Names): Names {
  return new Map(
    [...names].flatMap(
      ([stored, shown]) =>
        [
          [stored, shown],
          [shown, stored],
        ] as const,
    ),
  );
}

const known = new WeakMap<Form, Names>();

/** The name of a field on the other side of a form; the same way leads back. */
export function otherName(form: Form, name: string): string {
  const names = known.get(form) ?? exchanged(form.names);
  known.set(form, names);
  return names.get(name) ?? name;
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
