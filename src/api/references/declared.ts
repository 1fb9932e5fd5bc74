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
  /** Of a prerequisite: the version that needs it. */
  readonly version?: string;
}

/** Every reference of a template: the operating system first, then layers, lowest first. */
export function referencesOf({ spec }: Pick<Declared, 'spec'>): readonly LayerReference[] {
  const { osLayer: os, appLayers = [], platformLayer: platform } = spec;
  return [
    ...(os ? [{ role: 'os' as const, field: 'spec.osLayer', reference: os }] : []),
    ...appLayers.map((reference, index) => ({
      role: 'app' as const,
      field: `spec.appLayers[${index}]`,
      reference,
    })),
    ...(platform
      ? [{ role: 'platform' as const, field: 'spec.platformLayer', reference: platform }]
      : []),
  ];
}

/** Every prerequisite of a layer. */
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
