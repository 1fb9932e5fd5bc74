import { gateAnnotation, conditionOf } from '../../api/object.ts';
import type { LayerVersionSpec } from '../../api/kinds/layer-version.ts';
import type { LayerStatus } from '../../api/kinds/layer.ts';
import { jsonEqual } from '../../core/json.ts';
import type { Plan } from '../../kube/reconciler.ts';
import { holds, isNew, stageOf, storedOf, type LayerVersion } from '../objects.ts';
import type { Identified } from './identify.ts';
import type { LayerWorld } from './observe.ts';
import type { Entry } from './view.ts';

/** What a layer can do. */
export type LayerStep =
  | { readonly do: 'create'; readonly name: string; readonly spec: LayerVersionSpec }
  | { readonly do: 'remove'; readonly name: string }
  | {
      readonly do: 'annotate';
      readonly name: string;
      readonly annotations: Readonly<Record<string, string>>;
    };

/** What one entry comes to. */
interface Outcome {
  readonly entry: Entry;
  readonly version?: LayerVersion;
  readonly steps: readonly LayerStep[];
  readonly wrong?: { readonly reason: string; readonly message: string };
  readonly waits?: string;
  readonly attention?: string;
}

/** Which LayerVersions there should be, and how the layer stands. */
export function planLayer(world: LayerWorld): Plan<LayerStep, LayerStatus> {
  const outcomes = world.view.entries.map((entry) => outcomeOf(world, entry));
  const removed = removedVersions(world, outcomes);
  const steps = [...outcomes.flatMap((outcome) => outcome.steps), ...removed.steps];
  const base = {
    status: { versions: outcomes.flatMap(rowOf) },
    conditions: removed.retained,
    available: availability(outcomes),
  };
  const wrong = outcomes.find((outcome) => outcome.wrong !== undefined)?.wrong;
  const [first, ...rest] = steps;
  if (first !== undefined) {
    const message = `${steps.length} version${steps.length === 1 ? '' : 's'} to bring in line`;
    return {
      ...base,
      verdict: 'act',
      brief: true,
      reason: 'Progressing',
      message,
      steps: [first, ...rest],
    };
  }
  if (wrong !== undefined) return { ...base, verdict: 'stalled', ...wrong };
  return { ...base, ...standing(world, outcomes) };
}

function isStored(version: LayerVersion | undefined): boolean {
  return storedOf(version) !== undefined;
}

function outcomeOf(world: LayerWorld, entry: Entry): Outcome {
  const found = world.identified.get(entry.name);
  const named = world.versions.filter((item) => item.spec.version === entry.name);
  if (found?.as === 'version') return outcomeOfVersion(world, entry, found, named);
  const standing = seen(named.find(isStored) ?? named[0]);
  if (found?.as === 'waiting') {
    const waits = `version ${entry.name} waits for ${found.on}`;
    return { entry, steps: [], waits, ...standing };
  }
  const message = found?.message ?? `version ${entry.name} is unknown`;
  return { entry, steps: [], wrong: { reason: 'InvalidSpec', message }, ...standing };
}

function outcomeOfVersion(
  world: LayerWorld,
  entry: Entry,
  { identity, spec }: Extract<Identified, { as: 'version' }>,
  named: readonly LayerVersion[],
): Outcome {
  const { objectName } = identity;
  // A platform version exists once per OS version; those are not versions of one another.
  const others = named.filter((item) => stemOf(item.metadata.name) === stemOf(objectName));
  const wanted = others.find((item) => item.metadata.name === objectName);
  if (wanted !== undefined && (isStored(wanted) || jsonEqual(wanted.spec, spec))) {
    const steps = [...approvals(entry, wanted), ...superseded(world, others, wanted)];
    return { entry, version: wanted, steps };
  }
  const done = others.find(isStored);
  const frozenTag = done?.spec.tag ?? frozenInStore(world, entry, identity.tag);
  if (frozenTag !== undefined) {
    return { entry, steps: [], wrong: frozen(entry, frozenTag), ...seen(done) };
  }
  const attended = others.find((item) => world.attended.has(item.metadata.name));
  if (attended !== undefined) {
    return { entry, version: attended, steps: [], attention: changed(attended) };
  }
  if (wanted !== undefined) return { entry, steps: [{ do: 'remove', name: objectName }] };
  if (world.leaving.has(objectName)) {
    return { entry, steps: [], waits: `version ${entry.name} waits for its old object to go` };
  }
  return { entry, steps: [{ do: 'create', name: objectName, spec }] };
}

/** The name without its hash. */
function stemOf(objectName: string): string {
  return objectName.slice(0, -8);
}

/** A finished version of the same name but other inputs, known from the store alone. */
function frozenInStore(world: LayerWorld, entry: Entry, tag: string): string | undefined {
  if (world.view.role === 'platform' || world.storedTags.includes(tag)) return undefined;
  return world.storedTags.find((name) => isTagOf(name, entry.name));
}

function seen(version: LayerVersion | undefined): { version?: LayerVersion } {
  return version === undefined ? {} : { version };
}

function isTagOf(tag: string, version: string): boolean {
  return tag.startsWith(`${version}-`) && tag.length === version.length + 9;
}

function frozen(entry: Entry, tag: string): { reason: string; message: string } {
  return {
    reason: 'VersionFrozen',
    message: `version ${entry.name} is finished (${tag}) and was changed in the spec: undo the change, or add a new version`,
  };
}

function changed(version: LayerVersion): string {
  return `version ${version.spec.version} was changed while a person installs it: finish it as it is, or delete PackagingMachine of LayerVersion/${version.metadata.name} to start over`;
}

/** Unfinished versions that the spec no longer asks for make room for the one it does ask for. */
function superseded(
  world: LayerWorld,
  others: readonly LayerVersion[],
  wanted: LayerVersion,
): readonly LayerStep[] {
  return others
    .filter((item) => item !== wanted && !isStored(item))
    .filter((item) => !world.attended.has(item.metadata.name))
    .map((item) => ({ do: 'remove', name: item.metadata.name }));
}

function approvals(entry: Entry, version: LayerVersion): readonly LayerStep[] {
  const wanted = Object.fromEntries(
    Object.entries(entry.passed).map(([gate, token]) => [gateAnnotation(gate), token]),
  );
  const missing = Object.keys(wanted).some(
    (key) => version.metadata.annotations?.[key] !== wanted[key],
  );
  return missing ? [{ do: 'annotate', name: version.metadata.name, annotations: wanted }] : [];
}

function removedVersions(
  world: LayerWorld,
  outcomes: readonly Outcome[],
): {
  readonly steps: readonly LayerStep[];
  readonly retained: readonly { type: string; status: 'True'; reason: string; message: string }[];
} {
  const declared = new Set(outcomes.map((outcome) => outcome.entry.name));
  const gone = world.versions.filter((item) => !declared.has(item.spec.version));
  const kept = gone.filter((item) => world.users.has(item.metadata.name));
  const names = kept.map(
    (item) => `${item.spec.version} (used by ${world.users.get(item.metadata.name)})`,
  );
  return {
    steps: gone
      .filter((item) => !kept.includes(item) && !world.attended.has(item.metadata.name))
      .map((item) => ({ do: 'remove', name: item.metadata.name })),
    retained:
      names.length === 0
        ? []
        : [
            {
              type: 'Retained',
              status: 'True',
              reason: 'InUse',
              message: `removed from the spec but still used: ${names.join(', ')}`,
            },
          ],
  };
}

function rowOf({ entry, version }: Outcome): NonNullable<LayerStatus['versions']> {
  if (version === undefined) return [];
  const content = storedOf(version)?.content;
  const row = { name: entry.name, layerVersion: version.metadata.name, stage: stageOf(version) };
  return [content === undefined ? row : { ...row, content }];
}

function availability(outcomes: readonly Outcome[]) {
  const usable = outcomes.filter(({ version }) => isStored(version));
  const last = usable.at(-1)?.entry.name;
  return last === undefined
    ? { status: false, reason: 'NothingDeployable', message: 'no version is Deployable yet' }
    : { status: true, reason: 'Deployable', message: `version ${last} is Deployable` };
}

/** Ready as design puts it: accepted, and every channel's version Deployable. */
function standing(world: LayerWorld, outcomes: readonly Outcome[]) {
  const attention = outcomes.find((outcome) => outcome.attention !== undefined)?.attention;
  if (attention !== undefined) {
    return { verdict: 'waiting', reason: 'ActionRequired', message: attention } as const;
  }
  const needed = new Set(Object.values(world.view.channels));
  const open = outcomes.filter(
    ({ entry, version }) => needed.has(entry.name) && !isStored(version),
  );
  const [first] = open;
  if (first === undefined) {
    const waits = outcomes.find((outcome) => outcome.waits !== undefined)?.waits;
    const message = waits ?? 'every channel points at a Deployable version';
    return { verdict: 'settled', reason: 'Ready', message } as const;
  }
  const { entry, version, waits } = first;
  const stage = stageOf(version);
  if (holds(version, 'Stalled')) {
    const message = `version ${entry.name}: ${conditionOf(version, 'Stalled')?.message}`;
    return { verdict: 'stalled', reason: 'VersionStalled', message } as const;
  }
  // Only the stage: whoever wants details looks at the version, and every change here is a write.
  const message = waits ?? `version ${entry.name}: ${stage}`;
  const reason = stage === 'ActionRequired' ? 'ActionRequired' : 'Progressing';
  const waiting = { verdict: 'waiting', reason, message } as const;
  const isFresh = version !== undefined && isNew(version);
  return isFresh ? ({ ...waiting, quiet: true } as const) : waiting;
}
