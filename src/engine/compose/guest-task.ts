import { parseDuration } from '../../core/quantity.ts';
import type { GuestTask, InstallStep } from '../../core/guest-task.ts';
import type { ContentSource } from '../volume.ts';

/** What the guest tool is to do, with its files at hand. */
export type GuestWork = GuestTask<{ readonly name: string; readonly path: string }>;

/** A file of the guest tool, by its path below the tool's folder. */
export interface GuestFile {
  readonly name: string;
  readonly content: ContentSource;
}

const STEP_TIMEOUT = '30m';

/** A file from text that always ends its last line. */
function text(name: string, value: string): GuestFile {
  const whole = value === '' || value.endsWith('\n') ? value : `${value}\n`;
  return { name, content: { from: 'bytes', bytes: Buffer.from(whole) } };
}

function stepFiles(folder: string, step: InstallStep): readonly GuestFile[] {
  const { ok = [0], reboot = [] } = step.exitCodes ?? {};
  const seconds = Math.ceil(parseDuration(step.timeout ?? STEP_TIMEOUT) / 1000);
  return [
    text(`${folder}/script`, step.run),
    text(`${folder}/ok`, ok.join('\n')),
    text(`${folder}/reboot`, reboot.join('\n')),
    text(`${folder}/timeout`, String(seconds)),
  ];
}

function stepsFiles(kind: string, steps: readonly InstallStep[]): readonly GuestFile[] {
  return [
    text(`${kind}/count`, String(steps.length)),
    ...steps.flatMap((step, index) => stepFiles(`${kind}/${index + 1}`, step)),
  ];
}

/** The task as the plain files that the guest tool reads. */
export function guestTaskFiles(work: GuestWork, nonce: string): readonly GuestFile[] {
  const common = [text('nonce', nonce), text('role', work.role), text('title', work.title)];
  if (work.role === 'image') {
    return [
      ...common,
      ...stepsFiles('scripts', work.scripts),
      text('layers', work.layers.join('\n')),
      ...(work.shutdownWhenDone ? [text('shutdown', 'yes')] : []),
    ];
  }
  const media = work.media.map(({ name, path }): GuestFile => {
    return { name: `media/${name}`, content: { from: 'file', path } };
  });
  return [
    ...common,
    text('mode', work.unattended ? 'unattended' : 'attended'),
    text('instructions', work.instructions ?? ''),
    ...stepsFiles('steps', work.steps),
    ...media,
  ];
}
