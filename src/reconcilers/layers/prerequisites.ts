import { namespaceOf, type AppLayer } from '../objects.ts';
import type { LayerView } from './view.ts';

type FindApp = (name: string) => AppLayer | undefined;

/** A loop among the prerequisites of one version, as a path for people. */
export function prerequisiteLoop(
  view: LayerView,
  version: string,
  find: FindApp,
): string | undefined {
  const start = `${view.name} ${version}`;
  const seen = new Set<string>();
  const visit = (layer: string, name: string, path: readonly string[]): string | undefined => {
    const entry = find(layer)?.spec.versions.find((other) => other.name === name);
    for (const next of entry?.prerequisites ?? []) {
      const step = `${next.name} ${next.version}`;
      if (step === start) return [...path, step].join(' needs ');
      if (seen.has(step)) continue;
      seen.add(step);
      const loop = visit(next.name, next.version, [...path, step]);
      if (loop !== undefined) return loop;
    }
    return undefined;
  };
  return visit(view.name, version, [start]);
}

/** A prerequisite that belongs to another operating system. */
export function foreignPrerequisite(
  view: LayerView,
  version: string,
  find: FindApp,
): string | undefined {
  const entry = view.entries.find((other) => other.name === version);
  const foreign = (entry?.prerequisites ?? [])
    .map(({ name }) => find(name))
    .find((app) => app !== undefined && app.spec.osLayer.name !== view.osLayer);
  if (foreign === undefined) return undefined;
  const place = `${namespaceOf(foreign)}/${foreign.metadata.name}`;
  return `prerequisite ${place} belongs to OS layer ${foreign.spec.osLayer.name}, not to ${view.osLayer}`;
}
