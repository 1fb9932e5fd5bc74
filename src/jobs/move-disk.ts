import type { HandedOut, TransferOptions } from '../connectors/connector.ts';
import { ensureComposition } from './composition.ts';
import { requireSame } from './inspect-disk.ts';
import { compositionId, type CopyJob, type UploadJob } from './spec.ts';
import type { StoreTools } from './tools.ts';

function watched(step: string, { signal, progress }: StoreTools): TransferOptions {
  return { signal, progress: (percent) => progress(step, percent) };
}

/** Puts the composed disk on the platform. */
export async function uploadDisk(job: UploadJob, tools: StoreTools): Promise<void> {
  const { key, connector, recipe } = job;
  // Before the long work, so that a connector that is gone does not cost it.
  await tools.transferFor(connector, tools.signal);
  const { disk, manifest } = await ensureComposition(recipe, tools);
  // And after it, since the connector may lead elsewhere by now.
  const transfer = await tools.transferFor(connector, tools.signal);
  const { sizeBytes } = manifest;
  const wanted = { ...disk, sizeBytes, composition: compositionId(recipe) };
  await transfer.upload(key, wanted, watched('Uploading the disk', tools));
}

/** Publishes the disk of an image's machine as a file of the platform, if it is still what was judged. */
export async function copyDisk(job: CopyJob, tools: StoreTools): Promise<void> {
  const { key, connector, revision, attestation } = job;
  const transfer = await tools.transferFor(connector, tools.signal);
  // A disk that no machine ever ran from is still what was uploaded.
  const check = async (machine: HandedOut): Promise<void> =>
    attestation === undefined ? undefined : requireSame(job, machine, tools);
  await transfer.copy(key, revision, { ...watched('Copying the disk', tools), check });
}
