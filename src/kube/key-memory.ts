import type { ApiObject } from '../api/object.ts';
import { reaches } from './resource.ts';

/** So many conflicts in a row are retried at once and in silence; then people may know. */
const MAX_SILENT_CONFLICTS = 3;

interface Remembered {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  /** The newest version that a pass has dealt with. */
  readonly version: string | undefined;
  readonly conflicts: number;
}

/** What a controller remembers between passes over a key. Losing it costs a pass, nothing else. */
export class KeyMemory {
  private readonly keys = new Map<string, Remembered>();

  /** True if a pass has dealt with this state of the object, or made it. */
  knows(key: string, { metadata }: ApiObject): boolean {
    const seen = this.keys.get(key);
    return (
      seen !== undefined &&
      seen.uid === metadata.uid &&
      reaches(seen.version, metadata.resourceVersion)
    );
  }

  /** True for an object or a spec that no pass has seen: earlier failures say nothing about it. */
  isNewWork(key: string, { metadata }: ApiObject): boolean {
    const seen = this.keys.get(key);
    return seen?.uid !== metadata.uid || seen?.generation !== metadata.generation;
  }

  mayHideConflict(key: string): boolean {
    return (this.keys.get(key)?.conflicts ?? 0) < MAX_SILENT_CONFLICTS;
  }

  note(key: string, { metadata }: ApiObject, wasConflict: boolean): void {
    const { uid, generation, resourceVersion: version } = metadata;
    const conflicts = wasConflict ? (this.keys.get(key)?.conflicts ?? 0) + 1 : 0;
    this.keys.set(key, { uid, generation, version, conflicts });
  }

  forget(key: string): void {
    this.keys.delete(key);
  }
}
