import { Failure, impossible } from '../core/failure.ts';

/** An image that we will not open; only another image cures it. */
export function refused(path: string, why: string, hint: string): Failure {
  return impossible('DiskRefused', `disk image ${path} is refused: ${why}`, hint);
}

/** A disk whose structures contradict each other. */
export function damagedDisk(message: string): Failure {
  return new Failure({
    consequence: 'Denied',
    code: 'DamagedDisk',
    message,
    hint: 'Check the disk with the tools of its own system, then try again.',
  });
}
