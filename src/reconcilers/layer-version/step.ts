import type { EventNote } from '../../kube/events.ts';
import type { Next } from '../action.ts';
import type { JobStep } from '../job-step.ts';
import type { Attempts } from '../machine/judge.ts';

/** What a LayerVersion can do. */
export type VersionStep =
  | JobStep
  /** Waits for a machine of its connector, or lets others go first. */
  | { readonly do: 'queue' | 'leaveQueue' }
  | { readonly do: 'cancelJobs' | 'createMachine' }
  /** Forgets what was found on the disk of a machine that is gone. */
  | { readonly do: 'forgetInspection' }
  /** Frees the evidence that only it needs. */
  | { readonly do: 'forget'; readonly composition: string | undefined }
  | { readonly do: 'removeMachine'; readonly name: string };

/** A verdict with what it means for the status. */
export type VersionNext = Next<VersionStep> & {
  /** New count of starts; the old one stays where it is left out. */
  readonly attempts?: Attempts;
  readonly note?: EventNote;
};
