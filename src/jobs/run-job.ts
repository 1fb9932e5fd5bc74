import { mkdir } from 'node:fs/promises';
import { impossible } from '../core/failure.ts';
import { withRoom } from '../host/room.ts';
import { openStore } from '../store/store.ts';
import { captureLayer } from './capture-layer.ts';
import { ensureComposition } from './composition.ts';
import { clearWork } from './clear-work.ts';
import { importDisk } from './import-disk.ts';
import { inspectDisk } from './inspect-disk.ts';
import { holdKey } from './key-lock.ts';
import { copyDisk, uploadDisk } from './move-disk.ts';
import { compositionId, type JobSpec } from './spec.ts';
import type { JobTools, StoreTools } from './tools.ts';

async function dispatch(job: JobSpec, tools: StoreTools): Promise<void> {
  switch (job.kind) {
    case 'import':
      return importDisk(job, tools);
    case 'compose':
      return void (await ensureComposition(job.recipe, tools));
    case 'upload':
      return uploadDisk(job, tools);
    case 'inspect':
      return inspectDisk(job, tools);
    case 'capture':
      return captureLayer(job, tools);
    case 'copy':
      return copyDisk(job, tools);
  }
}

const KEY = /^[a-z0-9][a-z0-9.-]{0,200}$/;

/** The name under which only one job may work at a time; a composition is held by its own id. */
function workName(job: JobSpec): string | undefined {
  if (job.kind === 'import') return `import-${job.layer.inputs.slice('sha256:'.length)}`;
  if (!KEY.test(job.key)) {
    const message = `${JSON.stringify(job.key)} is no key`;
    throw impossible('BadKey', message, 'Report this with the message.');
  }
  return job.kind === 'compose' ? undefined : job.key;
}

/**
 * Does one job. Every job may be run again at any time: it finds what is done, and throws away what
 * an interrupted run left. A run whose parent died may still be busy, so there is one at a time.
 */
export function runJob(job: JobSpec, tools: JobTools): Promise<void> {
  // Whatever is written elsewhere is told by those who write there.
  return withRoom([tools.places.work, tools.runDir], () => runAlone(job, tools));
}

async function runAlone(job: JobSpec, tools: JobTools): Promise<void> {
  const name = workName(job);
  const { places, clock } = tools;
  await mkdir(places.work, { recursive: true });
  const store = await openStore(places.store, { clock });
  const withStore = { ...tools, store };
  await clearWork('recipe' in job ? compositionId(job.recipe) : undefined, withStore);
  const release = name === undefined ? () => undefined : await holdKey(places.work, name, tools);
  try {
    await dispatch(job, withStore);
  } finally {
    release();
  }
}
