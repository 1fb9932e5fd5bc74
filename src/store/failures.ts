import { codeOf, denied, Failure, impossible, messageOf } from '../core/failure.ts';
import { withRoom } from '../host/room.ts';

const RESTORE =
  'Restore the blob from a copy of the store; without one, declare a new version of the layer.';

/** A blob that a layer names is not in the store. */
export function blobMissing(layer: string, digest: string): Failure {
  const message = `layer ${layer}: blob ${digest} is missing from the store`;
  return new Failure({ consequence: 'Lost', code: 'BlobMissing', message, hint: RESTORE });
}

/** A blob is there, but not with the bytes that its name promises. */
export function blobCorrupt(layer: string, digest: string, cause: string): Failure {
  const message = `layer ${layer}: blob ${digest} is corrupt: ${cause}`;
  return new Failure({ consequence: 'Lost', code: 'BlobCorrupt', message, hint: RESTORE });
}

/** A layer's metadata is what its digest promises, and still not a layer that we accept. */
export function layerInvalid(layer: string, cause: string): Failure {
  return impossible(
    'LayerInvalid',
    `layer ${layer} is not valid: ${cause}`,
    'The layer was made by something else or by a newer version; build it again or import another.',
  );
}

/** The index and the copy to restore it from. */
interface IndexFiles {
  readonly indexJson: string;
  readonly indexCopy: string;
}

/** The blobs are there, and what names them is not: nothing is found, so nothing may be built. */
export function indexLost({ indexJson, indexCopy }: IndexFiles, how: string): Failure {
  return denied(
    'StoreIndexLost',
    `${indexJson} ${how}: the layers in the store cannot be found without it`,
    `Restore the file from ${indexCopy} if that is there, else from a backup; the blobs beside it are not touched.`,
  );
}

const CURES: Readonly<Record<string, string>> = {
  EACCES: 'Give the user that runs Lamina the folder of the store.',
  EPERM: 'Give the user that runs Lamina the folder of the store.',
  EROFS: 'Mount the file system of the store for writing.',
};

/** Errors of the operating system whose cure lies outside the spec, as what they are. */
export async function withPlace<Result>(
  place: string,
  work: () => Promise<Result>,
  neededBytes?: number,
): Promise<Result> {
  try {
    return await withRoom([place], work, neededBytes);
  } catch (error) {
    const errno = codeOf(error);
    const hint = typeof errno === 'string' ? CURES[errno] : undefined;
    if (hint === undefined) throw error;
    throw denied('StoreNotWritable', `${place}: ${messageOf(error)}`, hint);
  }
}
