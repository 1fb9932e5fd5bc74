import type { Digest } from '../core/digest.ts';
import type { LayerIdentity } from '../core/layer.ts';
import { TOOL } from './names.ts';

/** The operating system on a disk, as far as it is known. */
export interface OsFacts {
  readonly family: 'linux' | 'windows';
  readonly version?: string;
  readonly build?: string;
  readonly arch?: string;
  readonly edition?: string;
}

/** How a disk is laid out and where it came from, as far as it is known. */
export interface DiskFacts {
  readonly logicalSectorSize?: number;
  readonly partitionTable?: 'gpt' | 'mbr' | 'none';
  readonly firmware?: 'bios' | 'uefi';
  readonly source?: {
    readonly format: string;
    readonly changedBlocks?: 'rct' | 'cbt' | 'bitmap' | 'scan';
  };
}

/** What a layer holds. */
interface LayerStats {
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly files?: number;
}

/** The part of a config that depends on the kind of layer. */
export interface ConfigBody {
  readonly os?: OsFacts;
  readonly parent?: { readonly digest: Digest; readonly contentDigest: Digest };
  readonly base?: { readonly os: Digest };
  readonly requires?: readonly Digest[];
  readonly disks?: readonly (DiskFacts & {
    readonly index: Digest;
    readonly size: number;
    readonly chunkSize: number;
    readonly contentDigest: Digest;
  })[];
  readonly rootfs?: { readonly diffIDs: readonly Digest[] };
  readonly stats: LayerStats;
}

/** The config of a layer; written as canonical JSON. */
export function layerConfig(layer: LayerIdentity, body: ConfigBody) {
  const { role, name, version, created, inputs } = layer;
  return { kind: role, name, version, created, inputs, tool: TOOL, ...body };
}
