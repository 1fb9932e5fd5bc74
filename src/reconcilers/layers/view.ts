import type { AppLayerSpec } from '../../api/kinds/app-layer.ts';
import type { OSLayerSpec } from '../../api/kinds/os-layer.ts';
import { KIND_OF, startOf } from '../../api/references/declared.ts';
import type { LayerRole } from '../../core/identity.ts';
import { namespaceOf, type Layer } from '../objects.ts';

type OSEntry = OSLayerSpec['versions'][number];
type AppEntry = AppLayerSpec['versions'][number];

/** One version as declared, whatever the kind of the layer. */
export interface Entry {
  readonly name: string;
  readonly import?: NonNullable<OSEntry['import']>['disk'];
  /** OS layers: the entry it starts from. */
  readonly from?: string;
  /** Other layers: the version of the OS layer below. */
  readonly osVersion?: string;
  readonly prerequisites: NonNullable<AppEntry['prerequisites']>;
  readonly install?: NonNullable<AppEntry['install']>;
  readonly instructions?: string;
  readonly gates: NonNullable<AppEntry['gates']>;
  readonly passed: Readonly<Record<string, string>>;
  readonly imageScripts: NonNullable<AppEntry['imageScripts']>;
}

/** The three layer kinds, seen alike. */
export interface LayerView {
  readonly role: LayerRole;
  readonly namespace: string;
  readonly name: string;
  readonly osLayer?: string;
  readonly connector?: string;
  readonly channels: Readonly<Record<string, string>>;
  readonly entries: readonly Entry[];
}

interface AnyEntry extends Partial<Omit<OSEntry & AppEntry, 'name' | 'import'>> {
  readonly name: string;
  readonly import?: OSEntry['import'];
}

function entryOf(entry: AnyEntry, above: AnyEntry | undefined, role: LayerRole): Entry {
  const from = startOf(entry, above);
  return {
    name: entry.name,
    prerequisites: entry.prerequisites ?? [],
    gates: entry.gates ?? [],
    passed: entry.passed ?? {},
    imageScripts: entry.imageScripts ?? [],
    ...(entry.import === undefined ? {} : { import: entry.import.disk }),
    ...(role !== 'os' || from === undefined ? {} : { from }),
    ...(entry.osVersion === undefined ? {} : { osVersion: entry.osVersion }),
    ...(entry.install === undefined ? {} : { install: entry.install }),
    ...(entry.instructions === undefined ? {} : { instructions: entry.instructions }),
  };
}

/** The fields that some of the three kinds have. */
interface AnySpec {
  readonly osLayer?: { readonly name: string };
  readonly packaging?: { readonly connectorRef: { readonly name: string } };
  readonly channels?: Readonly<Record<string, string>>;
  readonly versions: readonly AnyEntry[];
}

const ROLES = ['os', 'platform', 'app'] as const;

/** Reads any layer. */
export function viewOf(layer: Layer): LayerView {
  const role = ROLES.find((one) => KIND_OF[one] === layer.kind) ?? 'app';
  const spec: AnySpec = layer.spec;
  const entries = spec.versions;
  return {
    role,
    namespace: namespaceOf(layer),
    name: layer.metadata.name,
    channels: spec.channels ?? {},
    entries: entries.map((entry, i) => entryOf(entry, entries[i - 1], role)),
    ...(spec.osLayer === undefined ? {} : { osLayer: spec.osLayer.name }),
    ...(spec.packaging === undefined ? {} : { connector: spec.packaging.connectorRef.name }),
  };
}
