import { POWER_ON_REQUESTED, type ApiObject } from '../api/object.ts';
import { isObject } from '../core/json.ts';
import { denied } from '../core/failure.ts';
import { resourceOf } from '../kube/resource.ts';
import type { Connection } from './connection.ts';
import type { CliContext } from './context.ts';

const LONGEST_MS = 60_000;

function isOn(object: ApiObject): boolean {
  const status: unknown = object.status;
  return isObject(status) && status['power'] === 'on';
}

/** Asks for another boot of a packaging machine and waits until it is on. */
export async function powerOn(
  { client, namespace }: Connection,
  name: string,
  { clock, signal }: Pick<CliContext, 'clock' | 'signal'>,
): Promise<void> {
  const resource = resourceOf('PackagingMachine');
  const { metadata } = await client.list(resource, { namespace, signal });
  const annotations = { [POWER_ON_REQUESTED]: new Date(clock.now()).toISOString() };
  const patch = { metadata: { annotations } };
  const patched = await client.mergePatch(resource, { namespace, name }, patch, { signal });
  if (isOn(patched)) return;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]);
  const { resourceVersion } = metadata;
  for await (const event of client.watch(resource, { namespace, resourceVersion, signal: limit })) {
    const { object } = event;
    if (event.type === 'MODIFIED' && object.metadata.name === name && isOn(object)) return;
  }
  const hint = `Look at it: kubectl describe pkgm ${name}`;
  throw denied('NotSwitchedOn', `PackagingMachine "${name}" was not switched on in time`, hint);
}
