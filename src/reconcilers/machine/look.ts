import type {
  Capabilities,
  Connector,
  Description,
  Operation,
  Seen,
} from '../../connectors/connector.ts';
import { failureData } from '../../core/failure.ts';
import { cleanLine } from '../../core/text.ts';
import type { Connection, Connections } from '../ports.ts';

/** What is known of one key on its platform. */
export interface MachineLook {
  /** False while its ConnectorConfig does not exist. */
  readonly connected: boolean;
  readonly seen: Seen;
  readonly can: Capabilities;
  /** How the operation of our handle stands, if we have one. */
  readonly operation: Operation | undefined;
  /** True where something of the key is known that may not be complete enough to be seen; asked for only on leaving. */
  readonly isListed: boolean;
}

/** Where to look. */
export interface LookAt {
  readonly namespace: string;
  readonly connector: string;
  readonly key: string;
  readonly handle: string | undefined;
  /** True for an object that is being deleted: nothing of it may be overlooked. */
  readonly isLeaving: boolean;
}

const NOTHING: Capabilities = {
  published: 'machine',
  runsScripts: false,
  heartbeat: false,
  proven: 'simulated only',
};

/** Looks at a key. Trouble with the platform is something not known, never a failure of the pass. */
export async function lookAt(
  connections: Connections,
  at: LookAt,
  signal: AbortSignal,
): Promise<{ readonly look: MachineLook; readonly connection: Connection | undefined }> {
  let connection: Connection | undefined;
  try {
    connection = await connections.connect(at.namespace, at.connector);
  } catch (error) {
    const why = failureData(error).message;
    return { look: unknown(true, why), connection: undefined };
  }
  if (connection === undefined) {
    const why = `ConnectorConfig/${at.connector} does not exist`;
    return { look: unknown(false, why), connection };
  }
  return { look: await lookThrough(connection.connector, at, signal), connection };
}

async function lookThrough(
  connector: Connector,
  { key, handle, isLeaving }: LookAt,
  signal: AbortSignal,
): Promise<MachineLook> {
  const { can } = connector;
  try {
    const operation = await operationOf(connector, handle, signal);
    const keys = isLeaving ? await connector.keys() : [];
    if (keys === undefined) {
      return { ...unknown(true, 'not all that it holds is known yet'), can, operation };
    }
    const seen = await connector.view(key);
    return { connected: true, seen, can, operation, isListed: keys.includes(key) };
  } catch (error) {
    if (signal.aborted) throw error;
    return { ...unknown(true, failureData(error).message), can };
  }
}

function unknown(connected: boolean, why: string): MachineLook {
  return {
    connected,
    seen: { known: false, why },
    can: NOTHING,
    operation: undefined,
    isListed: false,
  };
}

async function operationOf(
  connector: Connector,
  handle: string | undefined,
  signal: AbortSignal,
): Promise<Operation | undefined> {
  return handle === undefined ? undefined : connector.poll(handle, signal);
}

/** Longest line of a platform that goes into a status. */
const MOST_TEXT = 1024;

/**
 * What a machine says of itself; trouble with that is not worth failing a pass for. Guests and platforms may
 * say anything.
 */
export async function describe(
  connection: Connection | undefined,
  key: string,
  signal: AbortSignal,
): Promise<Description | undefined> {
  try {
    const said = await connection?.connector.describe(key, signal);
    return said === undefined ? undefined : cleaned(said);
  } catch (error) {
    return cleaned({ text: failureData(error).message, lastLines: [] });
  }
}

function cleaned({ text, lastLines }: Description): Description {
  return {
    text: cleanLine(text, MOST_TEXT),
    lastLines: lastLines.map((line) => cleanLine(line, MOST_TEXT)),
  };
}
