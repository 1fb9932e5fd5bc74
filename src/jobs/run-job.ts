import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { impossible } from '../core/failure.ts';
import { captureDelta } from '../engine/capture/capture-delta.ts';
import { captureOs } from '../engine/capture/scrub.ts';
import { compose, composedDisk } from '../engine/compose/compose.ts';
import type { GuestWork } from '../engine/compose/guest-task.ts';
import { inspect } from '../engine/inspect/inspect.ts';
import type { EngineTools } from '../engine/tools.ts';
import { inspectImage } from '../images/header.ts';
import { convertDisk } from '../images/qemu-img.ts';
import { openStore } from '../store/store.ts';
import { importDisk } from './import-disk.ts';
import { holdKey } from './key-lock.ts';
import type {
  CaptureJob,
  Composed,
  ComposeJob,
  ConvertJob,
  GuestTask,
  JobPlaces,
  JobResults,
  JobSpec,
} from './spec.ts';
import type { JobTools } from './tools.ts';

function engineTools(places: JobPlaces, tools: JobTools): EngineTools {
  const { run, runDir, signal, progress } = tools;
  return { run, runDir, signal, progress, work: places.work };
}

/** The task with its media fetched. */
async function guestWork(task: GuestTask, work: string, tools: JobTools): Promise<GuestWork> {
  if (task.role === 'image') return task;
  const media: { readonly name: string; readonly path: string }[] = [];
  for (const { name, url, sha256 } of task.media) {
    tools.progress(`Fetching ${name}`, 0);
    const path = join(work, 'media', sha256);
    await tools.fetchMedia({ url, sha256, path }, tools.signal);
    media.push({ name, path });
  }
  return { ...task, media };
}

async function composeJob(job: ComposeJob, tools: JobTools): Promise<Composed> {
  const { places, key, os, deltas, task } = job;
  const store = await openStore(places.store, { clock: tools.clock });
  const guest = await guestWork(task, places.work, tools);
  const { nonce } = tools;
  const made = await compose(
    { key, os, deltas, guest },
    { ...engineTools(places, tools), store, nonce },
  );
  const { sizeBytes } = made;
  return { disk: composedDisk(places.work, key), sizeBytes, nonce: made.nonce };
}

async function captureJob(job: CaptureJob, tools: JobTools): Promise<JobResults['capture']> {
  const { places, layer } = job;
  const store = await openStore(places.store, { clock: tools.clock });
  const known = await store.find(layer.repository, layer.tag);
  if (known !== undefined) return known;
  const capture = layer.role === 'os' ? captureOs : captureDelta;
  return capture(job, { ...engineTools(places, tools), store });
}

async function convertJob(job: ConvertJob, tools: JobTools): Promise<JobResults['convert']> {
  const { source, target } = job;
  tools.progress('Converting the disk', 0);
  await convertDisk(tools.run, source, target, { signal: tools.signal });
  return { path: target.path, sizeBytes: inspectImage(target).sizeBytes };
}

function dispatch(job: JobSpec, tools: JobTools): Promise<JobResults[JobSpec['kind']]> {
  switch (job.kind) {
    case 'import':
      return importDisk(job, tools);
    case 'compose':
      return composeJob(job, tools);
    case 'inspect':
      return inspect(job, engineTools(job.places, tools));
    case 'capture':
      return captureJob(job, tools);
    case 'convert':
      return convertJob(job, tools);
  }
}

const KEY = /^[a-z0-9][a-z0-9.-]{0,200}$/;

/** The name under which only one job may work at a time. */
function workName(job: JobSpec): string {
  if (job.kind === 'import') return `import-${job.layer.inputs.slice('sha256:'.length)}`;
  if (job.kind === 'convert') return '';
  if (KEY.test(job.key)) return job.key;
  throw impossible(
    'BadKey',
    `${JSON.stringify(job.key)} is no key`,
    'Report this with the message.',
  );
}

/**
 * Does one job. Every job may be run again at any time: it finds what is done, and throws away what
 * an interrupted run left. A run whose parent died may still be busy, so there is one at a time.
 */
export async function runJob(job: JobSpec, tools: JobTools): Promise<JobResults[JobSpec['kind']]> {
  const name = workName(job);
  if (job.kind === 'convert') return dispatch(job, tools);
  await mkdir(job.places.work, { recursive: true });
  const release = await holdKey(job.places.work, name, tools);
  try {
    return await dispatch(job, tools);
  } finally {
    release();
  }
}
