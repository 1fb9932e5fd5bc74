import { circlesOf } from './circles.ts';
import { prerequisitesOf, referencesOf, startOf, type Declared, type Find } from './declared.ts';

/** What is wrong with a reference, whatever may still come. */
export interface Contradiction {
  readonly field: string;
  readonly message: string;
  /** The version of the layer that it is about. */
  readonly version?: string;
}

interface Step {
  readonly layer: Declared;
  readonly version: string;
}

function keyOf({ layer: { kind, metadata }, version }: Step): string {
  return `${kind}/${metadata.namespace}/${metadata.name} ${version}`;
}

/** What a version is made on, apart from the operating system below an application. */
function below({ layer, version }: Step, find: Find): readonly Step[] {
  const { versions = [] } = layer.spec;
  const index = versions.findIndex(({ name }) => name === version);
  const entry = versions[index];
  if (entry === undefined) return [];
  const start = layer.kind === 'OSLayer' ? startOf(entry, versions[index - 1]) : undefined;
  if (start !== undefined) return [{ layer, version: start }];
  return (entry.prerequisites ?? []).flatMap((needed) => {
    const other = find(layer, 'app', needed.name);
    return other === undefined ? [] : [{ layer: other, version: needed.version }];
  });
}

function stepsOf(layer: Declared): readonly Step[] {
  return (layer.spec.versions ?? []).map(({ name }) => ({ layer, version: name }));
}

/** Finds the circle that a version is in, looking only at what some layers lead to. */
export function versionCircles(layers: readonly Declared[], find: Find) {
  const edges = new Map<string, readonly string[]>();
  const open = layers.flatMap(stepsOf);
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const key = keyOf(step);
    if (edges.has(key)) continue;
    const next = below(step, find);
    edges.set(key, next.map(keyOf));
    open.push(...next);
  }
  const circleOf = circlesOf(edges);
  return (step: Step) => circleOf(keyOf(step));
}

type Circles = ReturnType<typeof versionCircles>;

/** Steps of a path that are told; people begin with the first ones anyway. */
const MAX_STEPS = 10;

function inCircles(declared: Declared, circles: Circles): readonly Contradiction[] {
  const [field, start, verb] =
    declared.kind === 'OSLayer'
      ? ['from', 'versions start from each other', ' from ']
      : ['prerequisites', 'prerequisites form a cycle', ' needs '];
  return stepsOf(declared).flatMap((step, index) => {
    const circle = circles(step);
    if (circle === undefined) return [];
    const path = circle.slice(0, MAX_STEPS).map((key) => key.slice(key.lastIndexOf('/') + 1));
    const rest = circle.length > MAX_STEPS ? ['…'] : [];
    const message = `${start}: ${[...path, ...rest, path[0]].join(verb)}`;
    return [{ field: `spec.versions[${index}].${field}`, message, version: step.version }];
  });
}

function listedTwice(declared: Declared): readonly Contradiction[] {
  const apps = referencesOf(declared).filter(({ role }) => role === 'app');
  const names = apps.map(({ reference }) => reference.name);
  return apps
    .filter(({ reference }, index) => names.indexOf(reference.name) < index)
    .map(({ field, reference }) => ({
      field,
      message: `AppLayer "${reference.name}" is listed twice`,
    }));
}

/** References to layers that cannot be combined with this one. */
function unfit(declared: Declared, find: Find): readonly Contradiction[] {
  const os = declared.spec.osLayer?.name;
  const others = referencesOf(declared).filter(({ role }) => role !== 'os');
  return [...others, ...prerequisitesOf(declared)].flatMap((one) => {
    const { name } = one.reference;
    const told = (message: string) => [{ ...one, field: `${one.field}.name`, message }];
    if (one.version !== undefined && name === declared.metadata.name) {
      return told(`version ${one.version} has its own layer as a prerequisite`);
    }
    const layer = find(declared, one.role, name);
    const theirs = layer?.spec.osLayer?.name;
    if (layer === undefined || theirs === os) return [];
    return told(`${layer.kind} "${name}" belongs to OSLayer "${theirs}", not to "${os}"`);
  });
}

/**
 * Judges the references of one object, for who reads manifests and for who carries them out. What
 * `find` does not know may come later and contradicts nothing.
 */
export function contradictions(
  declared: Declared,
  find: Find,
  circles: Circles = versionCircles([declared], find),
): readonly Contradiction[] {
  return [...inCircles(declared, circles), ...listedTwice(declared), ...unfit(declared, find)];
}
