import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, isFailure } from '../core/failure.ts';
import type { GuestTask } from '../core/guest-task.ts';
import { compose, findComposed, type Composed } from '../engine/compose/compose.ts';
import type { GuestWork } from '../engine/compose/guest-task.ts';
import type { GuestMark } from '../engine/inspect/inspect.ts';
import { holdKey } from './key-lock.ts';
import { compositionId, type Recipe } from './spec.ts';
import { engineTools, type MediaWanted, type StoreTools } from './tools.ts';

type DeclaredMedia = Extract<GuestTask, { readonly role: 'package' }>['media'][number];

/** What a namespace got by its Secret is kept for itself: the digest of a file opens no door to it. */
function mediaWanted(medium: DeclaredMedia, namespace: string, work: string): MediaWanted {
  const { name, url, sha256, headersSecretRef: ref } = medium;
  const folder = join(work, 'media');
  if (ref === undefined) return { url, sha256, path: join(folder, sha256) };
  const headersFrom = { namespace, secret: ref.name, neededBy: `the file ${name}` };
  return { url, sha256, path: join(folder, namespace, sha256), headersFrom };
}

/** The task with its media fetched. */
async function guestWork({ namespace, task }: Recipe, tools: StoreTools): Promise<GuestWork> {
  if (task.role === 'image') return task;
  const media: { readonly name: string; readonly path: string }[] = [];
  for (const medium of task.media) {
    const { name } = medium;
    tools.progress(`Fetching ${name}`, 0);
    const wanted = mediaWanted(medium, namespace, tools.places.work);
    await tools.fetchMedia(wanted, tools.signal);
    media.push({ name, path: wanted.path });
  }
  return { ...task, media };
}

async function make(id: string, recipe: Recipe, tools: StoreTools): Promise<Composed> {
  const { os, deltas } = recipe;
  const guest = await guestWork(recipe, tools);
  return compose({ id, os, deltas, guest }, engineTools(tools));
}

async function leaveRecord(id: string, made: Composed, { store }: StoreTools): Promise<void> {
  const { sizeBytes } = made.manifest;
  const known = await store.evidence.composed(id);
  if (known?.sizeBytes !== sizeBytes) await store.evidence.putComposed({ id, sizeBytes });
}

/** What a machine is known by that was made from a composition; follows from the recipe alone. */
export function guestMark(recipe: Recipe, { store }: StoreTools): GuestMark {
  return { nonce: store.nonceOf(compositionId(recipe)), role: recipe.task.role };
}

/** Holds a composition; whoever else makes it makes it for us as well, so there is nothing to stop. */
async function holdComposition(id: string, tools: StoreTools): Promise<() => void> {
  try {
    return await holdKey(tools.places.work, id, tools);
  } catch (error) {
    if (!isFailure(error) || error.code !== 'AlreadyRunning') throw error;
    throw new Failure(
      {
        consequence: 'Busy',
        code: 'BeingComposed',
        message: 'the same disk is being composed for another object',
        hint: 'Wait: it is used as soon as it is there.',
      },
      error,
    );
  }
}

/**
 * The composition of a recipe: found, or composed again from the store, since the work folder is only a
 * cache. One process at a time composes it; a job that holds the lock of its own key may call this.
 */
export async function ensureComposition(recipe: Recipe, tools: StoreTools): Promise<Composed> {
  const id = compositionId(recipe);
  const { work } = tools.places;
  await mkdir(work, { recursive: true });
  const release = await holdComposition(id, tools);
  try {
    // Asked first, since media are fetched only for a composition that has to be made.
    const made = (await findComposed(work, id)) ?? (await make(id, recipe, tools));
    await leaveRecord(id, made, tools);
    return made;
  } finally {
    release();
  }
}
