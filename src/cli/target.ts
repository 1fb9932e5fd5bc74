import type { KindDefinition } from '../api/kind.ts';
import { KINDS } from '../api/kinds/all.ts';
import { impossible, type Failure } from '../core/failure.ts';
import { resourceOf } from '../kube/resource.ts';
import type { Connection } from './connection.ts';
import { badArgument } from './print.ts';
import type { ShownObject } from './view.ts';

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

/** The failure for a name that no object has. */
export function notFound(target: Target, namespace: string): Failure {
  const hint = `Look with: kubectl get ${target.definition.short} -n ${namespace}`;
  return impossible('NotFound', `there is no ${nameOf(target)} in ${namespace}`, hint);
}

/** The object that is meant, as it is now. */
export async function readTarget(
  { client, namespace }: Connection,
  target: Target,
  signal: AbortSignal,
): Promise<ShownObject> {
  const resource = resourceOf(target.definition.kind);
  const object = await client.get<ShownObject>(resource, namespace, target.name, signal);
  if (object === undefined) throw notFound(target, namespace);
  return object;
}
