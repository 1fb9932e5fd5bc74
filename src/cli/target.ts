import type { KindDefinition } from '../api/kind.ts';
import { KINDS } from '../api/kinds/all.ts';
import { badArgument } from './print.ts';

/** One object as people name it on the command line. */
export interface Target {
  readonly definition: KindDefinition;
  readonly name: string;
}

/** Reads `KIND/NAME`, where the kind may be short, singular, plural or as in manifests. */
export function parseTarget(text: string): Target {
  const [word = '', name = '', ...rest] = text.split('/');
  const wanted = word.toLowerCase();
  const definition = KINDS.find(({ kind, short, singular, plural }) =>
    [kind.toLowerCase(), short, singular, plural].includes(wanted),
  );
  if (definition === undefined || name === '' || rest.length > 0) {
    const kinds = KINDS.map(({ short }) => short).join(', ');
    throw badArgument(`Write KIND/NAME, as in imgt/sales; the kinds are ${kinds}.`);
  }
  return { definition, name };
}

/** The same, for commands that take only some kinds. */
export function parseTargetOf(...kinds: readonly string[]): (text: string) => Target {
  return (text) => {
    const target = parseTarget(text);
    if (kinds.includes(target.definition.kind)) return target;
    throw badArgument(`This takes ${kinds.join(' or ')} only.`);
  };
}

/** An object as our messages name it. */
export function nameOf({ definition, name }: Target): string {
  return `${definition.kind} "${name}"`;
}
