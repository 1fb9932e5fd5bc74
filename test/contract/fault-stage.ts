import type { Connector, Outcome } from '../../src/connectors/connector.ts';
import { expect } from '../support/runner.ts';
import { until } from '../support/until.ts';
import {
  failureOf,
  KEY,
  removeAll,
  WANT,
  type ContractPlatform,
  type Opened,
  type Stage,
} from './stage.ts';

/** What can be made to go wrong on a platform, at any time while it runs. */
export interface Faults {
  /** Lists show what was there so many lists ago. */
  lagLists: number;
  failLists: boolean;
  /** Lists leave out whatever has this name. */
  dropFromLists: string | undefined;
  /** So many more changes take effect, and their answer is lost. */
  loseReplies: number;
  /** Operations take effect, but nobody knows of them. */
  vanishTasks: boolean;
  taskMs: number;
  /** Operations go on, and take no effect while this is so. */
  holdTasks: boolean;
  /** An upload loses its connection after so many bytes. */
  cutUploadAfter: number | undefined;
  diskFull: boolean;
}

/** A platform that can be broken. */
export interface FaultyPlatform<Spec = unknown> extends ContractPlatform<Spec> {
  readonly faults: Faults;
  /** How long the platform holds a machine off for a reader that went silent. */
  readonly leaseMs: number;
  /** Every line that was logged. */
  readonly said: readonly string[];
  /** What must not be found in any handle, line or failure. */
  readonly secrets: readonly string[];
  /** The same place with another credential. */
  openAsAnother(): Promise<Opened<Spec>>;
  /** The same place with a credential that is wrong. */
  openWrongly(): Promise<Opened<Spec>>;
  /** Everybody has to log in again. */
  dropSessions(): void;
  /** Whether the platform says of publications that desktops are made from them. */
  setInUse(inUse: boolean): Promise<void>;
}

/** What a proof works with. */
export interface FaultStage extends Stage {
  readonly platform: FaultyPlatform;
}

const AGAIN: ReadonlySet<string> = new Set(['Lost', 'Transient', 'Busy', 'Conflict']);

/** Does it again and again, as the runtime does, while it fails in a way that may go away. */
export async function retried(work: () => Promise<void>): Promise<void> {
  await until('it succeeds', async () => {
    const failure = await failureOf(work());
    if (failure !== undefined && !AGAIN.has(failure.consequence)) throw failure;
    return failure === undefined;
  });
}

/** All that the proofs make is gone, and nothing stays behind. */
export async function nothingLeft(stage: FaultStage): Promise<void> {
  await retried(() => removeAll(stage));
  expect(await stage.platform.leftovers()).toEqual([]);
}

/** One call of the verb. */
export function createMachine(stage: FaultStage): Promise<Outcome> {
  return stage.connector.createMachine(KEY, WANT, stage.signal);
}

/** The handle of what a verb began. */
export function handleOf(outcome: Outcome): string {
  if (outcome.done) throw new Error('the verb is done at once');
  return outcome.handle;
}

/** Waits for the end of an operation, however it ends. */
export async function ended({ connector, signal }: FaultStage, handle: string): Promise<void> {
  await until('the operation has ended', async () => {
    return (await connector.poll(handle, signal)).state !== 'running';
  });
}

/** The connector with all handles that it gives written down. */
export function recorded(connector: Connector, handles: string[]): Connector {
  return new Proxy(connector, {
    get: (target, name: keyof Connector) => {
      const value = target[name];
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        const outcome: unknown = await Reflect.apply(value, target, args);
        if (typeof outcome === 'object' && outcome !== null && 'handle' in outcome) {
          handles.push(String(outcome.handle));
        }
        return outcome;
      };
    },
  });
}
