import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../../core/json.ts';
import { isMissing, writeFileAtomic } from '../../host/files.ts';
import type { Overlap } from './merge.ts';

/** Something that compose put into the guest for our tool; it was not there before. */
export interface Injected {
  readonly path: string;
  readonly type: 'file' | 'symlink' | 'directory';
}

/** What compose did, written last: where it is, the composition is complete. */
export interface ComposeManifest {
  readonly format: 1;
  /** Id of the composition; older releases named it by the key of its object. */
  readonly key: string;
  /** What the guest's attestation must repeat. */
  readonly nonce: string;
  readonly sizeBytes: number;
  /** Content digest of the OS version below. */
  readonly os: string;
  /** Layers as `repository:tag`, lowest first. */
  readonly layers: readonly string[];
  readonly role: 'package' | 'image';
  /** In archive order: directories before what is in them. */
  readonly injected: readonly Injected[];
  /** Shared text files that several layers bring; only the highest layer's copy is on the disk. */
  readonly conflicts: readonly Overlap[];
}

/** Folder of one composition. */
export function composedFolder(work: string, id: string): string {
  return join(work, 'composed', id);
}

const NAME = 'compose.json';

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Reads the manifest of a composition; undefined if it was never completed, or is torn. */
export async function readManifest(folder: string): Promise<ComposeManifest | undefined> {
  try {
    const value = parsed(await readFile(join(folder, NAME), 'utf8'));
    const format = isObject(value) ? value['format'] : undefined;
    return format === 1 ? (value as ComposeManifest) : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Completes a composition. */
export async function writeManifest(folder: string, manifest: ComposeManifest): Promise<void> {
  await writeFileAtomic(join(folder, NAME), `${JSON.stringify(manifest, undefined, 2)}\n`);
}
