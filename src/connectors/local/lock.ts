import { mkdir, rm } from 'node:fs/promises';
import { Failure, isFailure } from '../../core/failure.ts';
import { holdAlone } from '../../host/lock.ts';
import { lockPath, uuidOf } from './places.ts';
import type { LocalOptions } from './settings.ts';

/** The disk of a key, held by this process. The end of the process lets it go, whatever ends it. */
export interface HeldDisk {
  /** Takes the lock itself away, when there is no disk any more. */
  forget(): Promise<void>;
  [Symbol.dispose](): void;
}

/** Does some work while the disk is held. */
export async function whileHeld<Result>(
  options: Pick<LocalOptions, 'runDir' | 'installId'>,
  key: string,
  work: (held: HeldDisk) => Promise<Result>,
): Promise<Result> {
  const held = await holdDisk(options, key);
  try {
    return await work(held);
  } finally {
    held[Symbol.dispose]();
  }
}

/** Keeps everybody else from starting, reading and replacing a disk: Busy if somebody is at it. */
export async function holdDisk(
  { runDir, installId }: Pick<LocalOptions, 'runDir' | 'installId'>,
  key: string,
): Promise<HeldDisk> {
  await mkdir(runDir, { recursive: true, mode: 0o700 });
  const path = lockPath(runDir, uuidOf(installId, key));
  try {
    const release = holdAlone(path, `the disk of ${key}`);
    return { forget: () => rm(path, { force: true }), [Symbol.dispose]: release };
  } catch (error) {
    if (!isFailure(error)) throw error;
    throw new Failure(
      {
        consequence: 'Busy',
        code: 'DiskInUse',
        message: `the disk of ${key} is being read or made by another process`,
      },
      error,
    );
  }
}

/** Runs what has the same key one after the other, and everything else side by side. */
export class Queues {
  private readonly tails = new Map<string, Promise<unknown>>();

  /** Runs the work when everything that came before under this key has ended, well or not. */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const tail = mine.catch(() => undefined);
    this.tails.set(key, tail);
    void tail.then(() => {
      if (this.tails.get(key) === tail) this.tails.delete(key);
    });
    return mine;
  }
}
