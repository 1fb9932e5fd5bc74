import type { TransferOptions } from '../connectors/connector.ts';
import { ensureComposition } from './composition.ts';
import { compositionId } from './names.ts';
import type { CopyJob, UploadJob } from './spec.ts';
import type { JobTools, StoreTools } from './tools.ts';

function watched(step: string, { signal, progress }: JobTools): TransferOptions {
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

/** Publishes the disk of an image's machine as a file of the platform. */
export async function copyDisk(job: CopyJob, tools: JobTools): Promise<void> {
  const { key, connector, revision } = job;
  const transfer = await tools.transferFor(connector, tools.signal);
  await transfer.copy(key, revision, watched('Copying the disk', tools));
}
