import { isObject } from '../core/json.ts';
import { itemsOf } from '../api/rules.ts';
import { circular } from './circles.ts';
import type { FieldProblem } from './metadata.ts';

/** An object of the set, as far as references need it. */
export interface Declared {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Finds an object of the set; what is not in the set may come later and is waited for. */
type Find = (kind: string, name: unknown) => Declared | undefined;

function quoted(names: readonly unknown[]): string {
  return names.length === 0
    ? 'none'
    : names
        .slice(0, 20)
        .map((name) => JSON.stringify(name))
        .join(', ');
}

function namesOf(layer: Declared, by: 'version' | 'channel'): readonly unknown[] {
  if (by === 'version') return itemsOf(layer.spec['versions']).map(({ name }) => name);
  const channels = layer.spec['channels'];
  return isObject(channels) ? Object.keys(channels) : [];
}

function missing(
  layer: Declared | undefined,
  by: 'version' | 'channel',
  name: unknown,
  field: string,
): readonly FieldProblem[] {
  if (layer === undefined || name === undefined) return [];
  const names = namesOf(layer, by);
  if (names.includes(name)) return [];
  const message = `${layer.kind} "${layer.name}" has no ${by} ${quoted([name])}; it has ${quoted(names)}`;
  return [{ field, message }];
}

function osOf(layer: Declared | undefined): unknown {
  const os = layer?.spec['osLayer'];
  return isObject(os) ? os['name'] : undefined;
}

function wrongOs(layer: Declared | undefined, os: unknown, field: string): readonly FieldProblem[] {
  const theirs = osOf(layer);
  if (layer === undefined || theirs === os) return [];
  const message = `${layer.kind} "${layer.name}" belongs to OSLayer ${quoted([theirs])}, not to ${quoted([os])}`;
  return [{ field, message }];
}

/** A reference of a template: the layer's version or channel, and the OS it must belong to. */
function layerReference(
  reference: unknown,
  kind: string,
  find: Find,
  at: { readonly field: string; readonly os?: unknown },
): readonly FieldProblem[] {
  if (!isObject(reference)) return [];
  const layer = find(kind, reference['name']);
  return [
    ...missing(layer, 'version', reference['version'], `${at.field}.version`),
    ...missing(layer, 'channel', reference['channel'], `${at.field}.channel`),
    ...(at.os === undefined ? [] : wrongOs(layer, at.os, `${at.field}.name`)),
  ];
}

function templateProblems({ spec }: Declared, find: Find): readonly FieldProblem[] {
  const apps = itemsOf(spec['appLayers']);
  const os = isObject(spec['osLayer']) ? spec['osLayer']['name'] : undefined;
  const twice = apps.flatMap(({ name }, index) =>
    apps.findIndex((other) => other['name'] === name) < index
      ? [
          {
            field: `spec.appLayers[${index}]`,
            message: `AppLayer "${String(name)}" is listed twice`,
          },
        ]
      : [],
  );
  return [
    ...layerReference(spec['osLayer'], 'OSLayer', find, { field: 'spec.osLayer' }),
    ...apps.flatMap((app, index) =>
      layerReference(app, 'AppLayer', find, { field: `spec.appLayers[${index}]`, os }),
    ),
    ...layerReference(spec['platformLayer'], 'PlatformLayer', find, {
      field: 'spec.platformLayer',
      os,
    }),
    ...twice,
  ];
}

function prerequisitesOf(version: Readonly<Record<string, unknown>>) {
  return itemsOf(version['prerequisites']);
}

function layerProblems(layer: Declared, find: Find): readonly FieldProblem[] {
  const os = find('OSLayer', osOf(layer));
  return itemsOf(layer.spec['versions']).flatMap((version, index) => {
    const field = `spec.versions[${index}]`;
    const below = prerequisitesOf(version).flatMap((reference, position) =>
      layerReference(reference, 'AppLayer', find, {
        field: `${field}.prerequisites[${position}]`,
        os: osOf(layer),
      }),
    );
    return [...missing(os, 'version', version['osVersion'], `${field}.osVersion`), ...below];
  });
}

function versionKey(namespace: string, layer: unknown, version: unknown): string {
  return JSON.stringify([namespace, layer, version]);
}

/** Versions of app layers that are their own prerequisites, over a whole set. */
export function circularVersions(set: readonly Declared[]): ReadonlySet<string> {
  const edges = set
    .filter(({ kind }) => kind === 'AppLayer')
    .flatMap(({ namespace, name, spec }) =>
      itemsOf(spec['versions']).map(
        (version) =>
          [
            versionKey(namespace, name, version['name']),
            prerequisitesOf(version).map((below) =>
              versionKey(namespace, below['name'], below['version']),
            ),
          ] as const,
      ),
    );
  return circular(new Map(edges));
}

function appCircles(layer: Declared, circles: ReadonlySet<string>): readonly FieldProblem[] {
  return itemsOf(layer.spec['versions']).flatMap(({ name }, index) =>
    circles.has(versionKey(layer.namespace, layer.name, name))
      ? [
          {
            field: `spec.versions[${index}].prerequisites`,
            message: 'the prerequisites lead back to this version in a circle',
          },
        ]
      : [],
  );
}

function osCircles({ spec }: Declared): readonly FieldProblem[] {
  const versions = itemsOf(spec['versions']);
  const edges = versions.map((version, index) => {
    // Without from, a version starts from the entry above.
    const start = version['from'] ?? versions[index - 1]?.['name'];
    const below = version['import'] === undefined && typeof start === 'string' ? [start] : [];
    return [String(version['name']), below] as const;
  });
  const circles = circular(new Map(edges));
  return versions.flatMap(({ name }, index) =>
    circles.has(String(name))
      ? [
          {
            field: `spec.versions[${index}].from`,
            message: 'leads back to this version in a circle',
          },
        ]
      : [],
  );
}

/** What references are judged against. */
export interface DeclaredSet {
  find(kind: string, namespace: string, name: string): Declared | undefined;
  /** From `circularVersions`. */
  readonly circles: ReadonlySet<string>;
}

/** What the set itself shows to be wrong with the references of one of its objects. */
export function referenceProblems(declared: Declared, set: DeclaredSet): readonly FieldProblem[] {
  const near: Find = (kind, name) =>
    typeof name === 'string' ? set.find(kind, declared.namespace, name) : undefined;
  switch (declared.kind) {
    case 'ImageTemplate':
      return templateProblems(declared, near);
    case 'AppLayer':
      return [...layerProblems(declared, near), ...appCircles(declared, set.circles)];
    case 'PlatformLayer':
      return layerProblems(declared, near);
    case 'OSLayer':
      return osCircles(declared);
    default:
      return [];
  }
}
