import type { LayerRole } from '../../core/identity.ts';

/** The kind that people write for each role. */
export const KIND_OF: Readonly<Record<LayerRole, 'OSLayer' | 'PlatformLayer' | 'AppLayer'>> = {
  os: 'OSLayer',
  platform: 'PlatformLayer',
  app: 'AppLayer',
};

/** A version of another layer, fixed or by channel. */
interface Reference {
  readonly name: string;
  readonly version?: string;
  readonly channel?: string;
}

interface DeclaredVersion {
  readonly name: string;
  readonly import?: unknown;
  readonly from?: string;
  readonly osVersion?: string;
  readonly prerequisites?: readonly (Reference & { readonly version: string })[];
}

/** A layer or a template that has passed its schema, as far as references need it. */
export interface Declared {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: {
    readonly osLayer?: Reference;
    readonly appLayers?: readonly Reference[];
    readonly platformLayer?: Reference;
    readonly channels?: Readonly<Record<string, string>>;
    readonly versions?: readonly DeclaredVersion[];
  };
}

/** Finds a layer in the namespace of what refers to it, if it is known. */
export type Find = (from: Declared, role: LayerRole, name: string) => Declared | undefined;

/** One reference, whatever the role of the layer that it names. */
export interface LayerReference {
  readonly role: LayerRole;
  readonly field: string;
  readonly reference: Reference;
}

/** Every reference of a template: the operating system first, then layers, lowest first. */
export function referencesOf({ spec }: Pick<Declared, 'spec'>): readonly LayerReference[] {
  const { osLayer, appLayers = [], platformLayer } = spec;
  const one = (role: LayerRole, field: string, reference?: Reference) =>
    reference === undefined ? [] : [{ role, field, reference }];
  return [
    ...one('os', 'spec.osLayer', osLayer),
    ...appLayers.flatMap((app, i) => one('app', `spec.appLayers[${i}]`, app)),
    ...one('platform', 'spec.platformLayer', platformLayer),
  ];
}

/** Every prerequisite of a layer, with the version that needs it. */
export function prerequisitesOf({ spec: { versions = [] } }: Pick<Declared, 'spec'>) {
  return versions.flatMap(({ name, prerequisites = [] }, i) =>
    prerequisites.map((reference, position) => ({
      role: 'app' as const,
      field: `spec.versions[${i}].prerequisites[${position}]`,
      reference,
      version: name,
    })),
  );
}

/** The version of an OS layer that another starts from: the entry above, unless it says otherwise. */
export function startOf(
  entry: Pick<DeclaredVersion, 'from' | 'import'>,
  above: Pick<DeclaredVersion, 'name'> | undefined,
): string | undefined {
  return entry.from ?? (entry.import === undefined ? above?.name : undefined);
}
