import { digestOf, hexOf } from '../core/digest.ts';
import type { JobSpec, Recipe } from './spec.ts';

/** Names a composition by all that it is made from. */
export function compositionId(recipe: Recipe): string {
  return `c-${hexOf(digestOf(recipe)).slice(0, 40)}`;
}

/** The name of a job: by all of its specification, and short enough for any cluster. */
export function jobName(spec: JobSpec): string {
  return `lamina-${spec.kind}-${hexOf(digestOf(spec)).slice(0, 40)}`;
}

/** Lock of a layer that is captured: what that leaves in the work folder is named by the layer, not by the key. */
export function captureLock(inputsHex: string): string {
  return `capture-${inputsHex}`;
}
