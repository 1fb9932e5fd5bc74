import { Failure, impossible } from '../../../core/failure.ts';
import { formatBytes } from '../../../core/quantity.ts';

/** A change that contradicts the volume or the changes before it. */
export function badChange(message: string): Failure {
  return impossible(
    'BadChange',
    message,
    'The layer does not belong on this disk; capture it again.',
  );
}

/** A change that ext4 or debugfs cannot hold. */
export function notWritable(message: string): Failure {
  return impossible('NotWritable', message, 'Leave the file out of the layer.');
}

/** The layer needs more room than the file system has. */
export function doesNotFit(neededBytes: number | undefined, freeBytes: number): Failure {
  const needs = neededBytes === undefined ? 'more' : formatBytes(neededBytes);
  return impossible(
    'LayerDoesNotFit',
    `the changes need ${needs}, the file system has ${formatBytes(freeBytes)} free`,
    'Use an OS layer with a larger root file system.',
  );
}

/** Something between our plan and the disk went wrong; the overlay is worthless. */
export function writeFailed(message: string): Failure {
  return new Failure({
    consequence: 'Impossible',
    code: 'Ext4WriteFailed',
    message: `ext4: ${message}`,
    hint: 'Nothing was published. Please report this with the message.',
  });
}
