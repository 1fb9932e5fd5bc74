import { link, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Place, Platform, Transfer } from '../../src/connectors/connector.ts';
import { digestOf } from '../../src/core/digest.ts';
import { Failure } from '../../src/core/failure.ts';
import { isMissing } from '../../src/host/files.ts';
import { run } from '../../src/host/run.ts';
import { readChain } from '../../src/images/chain.ts';
import { convertDisk, createOverlay } from '../../src/images/qemu-img.ts';
import type { DiskFile } from '../../src/images/source.ts';
import type { PlatformOf } from '../../src/main/platforms.ts';

/** A location of the tests' platform: a folder, and perhaps a Secret. */
interface FolderSpec {
  readonly folder: string;
  /** Part of where it is, as far as anybody can tell. */
  readonly region: string;
  readonly secret?: string;
}

/** The disk of a machine of the tests' platform. */
export function folderDisk(folder: string, key: string): DiskFile {
  return { path: join(folder, key, 'disk.qcow2'), format: 'qcow2' };
}

/** A published file of the tests' platform. */
export function folderCopy(folder: string, key: string, revision: string): DiskFile {
  return { path: join(folder, key, `${revision}.qcow2`), format: 'qcow2' };
}

function lost(key: string): Failure {
  const message = `there is no disk of ${key}`;
  return new Failure({ consequence: 'Lost', code: 'NoDisk', message });
}

/** Data verbs that give files new names, as a platform on this host does. */
function folderTransfer({ spec: { folder }, credential }: Place<FolderSpec>): Transfer {
  return {
    upload: async (key, { path }) => {
      const own = join(folder, key);
      await rm(own, { recursive: true, force: true });
      await mkdir(join(own, 'base'), { recursive: true });
      for (const name of ['disk.qcow2', 'base.raw']) {
        await link(join(dirname(path), name), join(own, 'base', name));
      }
      await writeFile(join(own, 'credential'), digestOf(credential));
      const part = join(own, 'part.qcow2');
      await createOverlay(run, {
        path: part,
        backing: { path: 'base/disk.qcow2', format: 'qcow2' },
      });
      await rename(part, folderDisk(folder, key).path);
    },
    download: (ref) => {
      const disk =
        ref.of === 'machine'
          ? folderDisk(folder, ref.key)
          : folderCopy(folder, ref.key, ref.revision);
      try {
        readChain(disk);
      } catch (error) {
        return Promise.reject(isMissing(error) ? lost(ref.key) : error);
      }
      // As a real one does for disks of older releases, which lie on the work folder.
      const roots = [dirname(folder)];
      return Promise.resolve({ disk, roots, [Symbol.asyncDispose]: () => Promise.resolve() });
    },
    copy: async (key, revision, { signal, check }) => {
      const disk = folderDisk(folder, key);
      await check({ disk, roots: [dirname(folder)] });
      await convertDisk(run, disk, folderCopy(folder, key, revision), { signal });
    },
  };
}

const PLATFORM: Platform<FolderSpec> = {
  name: 'folder',
  locate: ({ folder, region, secret }) => ({
    location: { folder, region },
    ...(secret === undefined ? {} : { secret }),
  }),
  open: () => {
    throw new Error('only jobs use this platform');
  },
  transfer: folderTransfer,
};

/** A platform whose machines are nothing but disks in a folder; its annotations say the rest. */
export function folderPlatformOf(folder: string): PlatformOf {
  return ({ metadata: { annotations = {} } }) => {
    const { region = '', secret } = annotations;
    const spec: FolderSpec = { folder, region, ...(secret === undefined ? {} : { secret }) };
    return { platform: PLATFORM, spec };
  };
}
