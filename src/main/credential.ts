import type { Credential } from '../connectors/connector.ts';
import { denied } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import type { SecretRef } from '../jobs/tools.ts';
import type { KubeClient } from '../kube/client.ts';
import { SECRETS, type KubeObject } from '../kube/resource.ts';

/** The data of a Secret, decoded. Its values go nowhere but to whom they are for. */
export async function readCredential(
  client: KubeClient,
  { namespace, secret, neededBy }: SecretRef,
  signal?: AbortSignal,
): Promise<Credential> {
  const found = await client.get<KubeObject & { readonly data?: unknown }>(
    SECRETS,
    namespace,
    secret,
    signal,
  );
  if (found === undefined) {
    const message = `there is no Secret ${namespace}/${secret}, which ${neededBy} needs`;
    throw denied('SecretMissing', message, 'Create the Secret in that namespace.');
  }
  const entries = Object.entries(isObject(found.data) ? found.data : {});
  return Object.fromEntries(
    entries.flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, Buffer.from(value, 'base64').toString('utf8')]] : [],
    ),
  );
}
