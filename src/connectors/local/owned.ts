import { readdir } from 'node:fs/promises';
import { isMissing } from '../../host/files.ts';
import type { OwnedThing } from '../connector.ts';
import { readDiskMarker, readMachineMarker } from './markers.ts';
import { isName, placesOf, type Places } from './places.ts';

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Complete snapshots under a key; half-written ones have other names. */
export async function snapshotsIn({ snapshots }: Places): Promise<readonly string[]> {
  return (await namesIn(snapshots)).filter((name) => name.endsWith('.qcow2'));
}

async function ownedUnder(
  machinesDir: string,
  key: string,
  installId: string,
): Promise<readonly OwnedThing[]> {
  const places = placesOf(machinesDir, key);
  const things: OwnedThing[] = [];
  if ((await readMachineMarker(places))?.installId === installId) {
    things.push({ kind: 'machine', key });
  }
  const disk = await readDiskMarker(places);
  if (disk?.installId === installId) {
    const snapshots = await snapshotsIn(places);
    if (disk.state !== 'deleting' || snapshots.length === 0) things.push({ kind: 'disk', key });
    if (snapshots.length > 0) things.push({ kind: 'snapshot', key });
  }
  return things;
}

/** Everything under the machines folder that carries this install id, complete or not. */
export async function listOwned(
  machinesDir: string,
  installId: string,
): Promise<readonly OwnedThing[]> {
  const things: OwnedThing[] = [];
  for (const name of await namesIn(machinesDir)) {
    if (!isName(name)) continue;
    // A marker that cannot be read is not ours; whoever uses that key is told.
    things.push(...(await ownedUnder(machinesDir, name, installId).catch(() => [])));
  }
  return things;
}
