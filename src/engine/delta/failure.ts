import { denied, impossible, type Failure } from '../../core/failure.ts';

/** The failure for a layer whose bytes are not what we write. */
export function badDelta(message: string): Failure {
  return impossible(
    'BadDelta',
    `the layer is damaged or was not written by Lamina: ${message}`,
    'Take the layer from another copy of the store, or package the version again.',
  );
}

/** The failure for a name on a disk that a layer cannot hold; a person can cure it on the machine. */
export function unstorable(path: string, reason: string): Failure {
  return denied(
    'UnstorableName',
    `${JSON.stringify(path)} cannot be captured: ${reason}`,
    'Rename or remove it on the packaging machine and shut down for finalize again.',
  );
}
