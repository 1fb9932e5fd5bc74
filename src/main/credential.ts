import type { Credential } from '../connectors/connector.ts';
import { denied } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import type { KubeClient } from '../kube/client.ts';
import { SECRETS, type KubeObject } from '../kube/resource.ts';

/** Names a Secret, and who needs it. */
export interface SecretWanted {
  readonly namespace: string;
  readonly secret: string;
  /** The ConnectorConfig, for messages. */
  readonly connector: string;
}

/** The data of a Secret, decoded. Its values go nowhere but to the platform. */
export async function readCredential(
  client: KubeClient,
  { namespace, secret, connector }: SecretWanted,
  signal?: AbortSignal,
): Promise<Credential> {
  const found = await client.get<KubeObject & { readonly data?: unknown }>(
    SECRETS,
    namespace,
    secret,
    signal,
  );
  if (found === undefined) {
    const message = `there is no Secret ${namespace}/${secret}, which ConnectorConfig/${connector} needs`;
    throw denied('SecretMissing', message, 'Create the Secret in the namespace of the connector.');
  }
  const entries = Object.entries(isObject(found.data) ? found.data : {});
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, Buffer.from(value, 'base64').toString('utf8')]] : [],
    ),
  );
}
