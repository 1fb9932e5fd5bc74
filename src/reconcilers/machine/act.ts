import type {
  Connector,
  MachineWanted,
  Outcome,
  PowerWanted,
  PublishWanted,
} from '../../connectors/connector.ts';
import { Failure, transient, type FailureData } from '../../core/failure.ts';
import type { Connections } from '../ports.ts';

/** What a controller can do on a platform; each verb is called again until it says done. */
export type PlatformStep =
  | { readonly do: 'createMachine'; readonly want: MachineWanted }
  | { readonly do: 'power'; readonly want: PowerWanted }
  | { readonly do: 'publish'; readonly want: PublishWanted }
  | { readonly do: 'deleteMachine' | 'deleteDisk' }
  /** Tells of an operation that failed; the queue's backoff paces the next try. */
  | { readonly do: 'tell'; readonly failure: FailureData };

/** Where to act. */
export interface ActAt {
  readonly namespace: string;
  readonly connector: string;
  readonly key: string;
}

/** Calls the verb of a step. What the platform goes on with is left as a handle. */
export async function actOnPlatform(
  connections: Connections,
  at: ActAt,
  step: PlatformStep,
  signal: AbortSignal,
): Promise<{ readonly handle: string } | void> {
  if (step.do === 'tell') throw new Failure(step.failure);
  const connection = await connections.connect(at.namespace, at.connector);
  if (connection === undefined) {
    throw transient('ConnectorGone', `ConnectorConfig/${at.connector} is gone`);
  }
  const outcome = await call(connection.connector, at.key, step, signal);
  return outcome.done ? undefined : { handle: outcome.handle };
}

function call(
  connector: Connector,
  key: string,
  step: Exclude<PlatformStep, { do: 'tell' }>,
  signal: AbortSignal,
): Promise<Outcome> {
  switch (step.do) {
    case 'createMachine':
      return connector.createMachine(key, step.want, signal);
    case 'power':
      return connector.power(key, step.want, signal);
    case 'publish':
      return connector.publish(key, step.want, signal);
    case 'deleteMachine':
      return connector.deleteMachine(key, signal);
    case 'deleteDisk':
      return connector.deleteDisk(key, signal);
  }
}
