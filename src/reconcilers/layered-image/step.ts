import type { EventNote } from '../../kube/events.ts';
import type { Next, Wanted } from '../action.ts';
import type { JobStep } from '../job-step.ts';
import type { PlatformStep } from '../machine/act.ts';
import type { Attempts } from '../machine/judge.ts';
import type { LayeredImage } from '../objects.ts';

/** What an image can do. */
export type ImageStep =
  | JobStep
  | PlatformStep
  | { readonly do: 'cancelJobs' }
  /** Forgets what was found on the disk of a machine that is gone, or runs again. */
  | { readonly do: 'forgetInspection' }
  /** Frees a composition that only it needed. */
  | { readonly do: 'forgetComposed'; readonly composition: string };

/** A verdict with what it means for the status. */
export type ImageNext = Next<ImageStep> & {
  /** New count of starts; the old one stays where it is left out. */
  readonly attempts?: Attempts;
  readonly note?: EventNote;
};

/** True once a person has been asked to act in the machine of an image: from then on it is theirs. */
export function isAttended(image: LayeredImage, action: Wanted | undefined): boolean {
  return !image.spec.shutdownWhenDone || image.status?.attended === true || action !== undefined;
}
