import { digestOf, hash8, type Digest } from './digest.ts';

/** The three kinds that people write for layers, by the folder of the store that holds them. */
export type LayerRole = 'os' | 'platform' | 'app';

const SHORT: Readonly<Record<LayerRole, string>> = { os: 'osl', platform: 'pfl', app: 'apl' };

/** What a version of a layer is made from. Never holds a UID, a commit, a time or a nonce. */
export interface VersionInputs {
  readonly namespace: string;
  readonly role: LayerRole;
  readonly layer: string;
  readonly version: string;
  /** For a platform version: the OS version it is made on, part of its name. */
  readonly onOsVersion?: string;
  /** Everything frozen that decides the bytes; upstream versions by their own input digests. */
  readonly frozen: unknown;
}

/** The identity of one version of one layer, derived from its inputs alone. */
export interface VersionIdentity {
  readonly inputs: Digest;
  /** Name of the LayerVersion object. */
  readonly objectName: string;
  /** Repository in the store, without host. */
  readonly repository: string;
  /** Immutable tag in that repository. */
  readonly tag: string;
}

/** Names everything that belongs to one version of one layer. */
export function versionIdentity(inputs: VersionInputs): VersionIdentity {
  const digest = digestOf(inputs);
  const { namespace, role, layer, version, onOsVersion } = inputs;
  const on = onOsVersion === undefined ? '' : `-on-${onOsVersion}`;
  return {
    inputs: digest,
    objectName: `${SHORT[role]}-${layer}-${version}${on}-${hash8(digest)}`,
    repository: `lamina/${namespace}/${role}/${layer}`,
    tag: `${version}-${hash8(digest)}`,
  };
}

/**
 * The key of something outside (machine, disk, snapshot): readable, unique per installation, and the
 * same after any crash. Two installations may share a platform, hence the install id.
 */
export function externalKey(installId: string, namespace: string, objectName: string): string {
  const owner = digestOf({ installId, namespace, objectName });
  return `lamina-${objectName}-${hash8(owner)}`;
}

/** Name of the LayeredImage of one revision on one target. */
export function imageName(template: string, target: string, revision: string): string {
  return `limg-${template}-${target}-${revision}`;
}
