import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFile, syncFolder } from '../../host/files.ts';
import type { Run } from '../../host/run.ts';
import type { TransferOptions } from '../connector.ts';
import { removePartials } from './markers.ts';
import { snapshotPath, type Places } from './places.ts';

/** The last of the shares that qemu-img prints, such as `(12.50/100%)`. */
function percentIn(text: string): number | undefined {
  const last = [...text.matchAll(/\((\d+)\.\d+\/100%\)/g)].at(-1);
  return last === undefined ? undefined : Number(last[1]);
}

async function convert(
  run: Run,
  { from, to }: { readonly from: string; readonly to: string },
  { signal, progress }: TransferOptions,
): Promise<void> {
  const how = 'convert -p -m 16 -W -t writeback -f qcow2 -O qcow2'.split(' ');
  await run('qemu-img', [...how, from, to], {
    signal,
    // A disk takes as long as it takes; whoever waits sees how far it is.
    timeoutMs: 0,
    onStdout: (text) => {
      const percent = percentIn(text);
      if (percent !== undefined) progress(percent);
    },
  });
}

/** Writes a disk, chain and all, into one read-only file of its own. The disk must be held. */
export async function publishFile(
  run: Run,
  places: Places,
  revision: string,
  options: TransferOptions,
): Promise<void> {
  await mkdir(places.snapshots, { recursive: true, mode: 0o700 });
  await removePartials(places);
  const name = `.${revision}.${randomBytes(6).toString('hex')}.partial`;
  const partial = join(places.snapshots, name);
  try {
    await convert(run, { from: places.disk, to: partial }, options);
    await chmod(partial, 0o444);
    await syncFile(partial);
    await rename(partial, snapshotPath(places, revision));
  } catch (error) {
    // It may be as large as the disk, and nobody may try again for long, or ever.
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(places.snapshots);
}
