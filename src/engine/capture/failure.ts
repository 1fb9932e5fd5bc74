import { denied, type Failure } from '../../core/failure.ts';

/** The failure for a file system that contradicts itself. */
export function badVolume(message: string): Failure {
  return denied(
    'DamagedVolume',
    `the file system is damaged: ${message}`,
    'Check the file system on the packaging machine and shut down for finalize again.',
  );
}
