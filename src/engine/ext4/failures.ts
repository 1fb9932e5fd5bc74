import { Failure, impossible } from '../../core/failure.ts';

/** A file system whose structures contradict each other or their checksums. */
export function damaged(message: string): Failure {
  return new Failure({
    consequence: 'Denied',
    code: 'DamagedFileSystem',
    message: `ext4: ${message}`,
    hint: 'Run e2fsck -f on the file system, for example from the rescue mode of its machine.',
  });
}

/** A file system that was not unmounted: what it holds is not what its machine saw last. */
export function unclean(why: string): Failure {
  return new Failure({
    consequence: 'Denied',
    code: 'UncleanFileSystem',
    message: `ext4: the file system was not shut down cleanly: ${why}`,
    hint: 'Start the machine, let it repair its disk, and shut it down from inside.',
  });
}

/** A file system that uses something we do not read or do not write. */
export function unsupported(what: string, hint: string): Failure {
  return impossible('UnsupportedFileSystem', `ext4: ${what} is not supported`, hint);
}

/** A name or a value in a file system that a layer cannot carry. */
export function badName(message: string): Failure {
  return new Failure({
    consequence: 'Denied',
    code: 'BadFileName',
    message: `ext4: ${message}`,
    hint: 'Rename or remove the file on its machine.',
  });
}
