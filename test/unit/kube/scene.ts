import type { ApiObject, CommonStatus, Condition } from '../../../src/api/object.ts';
import type { Clock, Random } from '../../../src/core/clock.ts';
import { silentLog, type Log } from '../../../src/host/log.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import type { ControllerSpec } from '../../../src/kube/controller.ts';
import { createManager, type Manager } from '../../../src/kube/manager.ts';
import type { Plan, Reconciler } from '../../../src/kube/reconciler.ts';
import { pathOf, resourceOf } from '../../../src/kube/resource.ts';
import type { ApiDouble } from '../../support/api-double.ts';
import { fastClock } from '../../support/fast-clock.ts';
import { afterEach } from '../../support/runner.ts';

/* A controller of a small kind of its own, on the API double. */

type Status = CommonStatus & { note?: string };
type Spec = { size?: number; after?: string };
/** The objects of the controller. */
export type Item = ApiObject<Spec, Status>;
/** What a test brings. */
export type Loop = Reconciler<Spec, Status, unknown, string>;
/** What a loop plans. */
export type ItemPlan = Plan<string, Status>;

/** What the controller is for. */
export const RESOURCE = resourceOf('LayerVersion');
const COLLECTION = pathOf(RESOURCE);
/** Its finalizer, where it has one. */
export const FINALIZER = 'lamina.dev/test';

/** Everything is as it should be. */
export const done: ItemPlan & { readonly verdict: 'settled' } = {
  verdict: 'settled',
  reason: 'Deployable',
  message: 'done',
  status: {},
  conditions: [],
};

/** Never anything to do. */
export const settling: Loop = {
  observe: () => Promise.resolve(undefined),
  plan: () => done,
  act: () => Promise.resolve(),
};

const running: Manager[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((manager) => manager.stop()));
});

/** What may differ from test to test. */
type More = Partial<ControllerSpec<Spec, Status, unknown, string>> & {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly log?: Log;
};

/** A started manager with one controller; it is stopped after the test. */
export function manage(
  api: Pick<ApiDouble, 'transport'>,
  reconciler: Loop | ((manager: Manager) => Loop),
  { clock = fastClock, random = () => 0.5, log = silentLog, ...more }: More = {},
): Manager {
  const manager = createManager({ client: kubeClient(api.transport), clock, random, log });
  running.push(manager);
  manager.add<Spec, Status, unknown, string>({
    name: 'test',
    resource: RESOURCE,
    reconciler: typeof reconciler === 'function' ? reconciler(manager) : reconciler,
    watches: [],
    workers: 2,
    ...more,
  });
  manager.start();
  return manager;
}

/** An object as a person writes it. */
export function item(name: string, spec: Spec = {}): Item {
  const metadata = { name, namespace: 'n' };
  return { apiVersion: 'lamina.dev/v1alpha1', kind: 'LayerVersion', metadata, spec };
}

/** What people do, past the controller. */
export function people(api: ApiDouble) {
  const client = kubeClient(api.transport);
  return {
    create: (name: string, spec?: Spec) => client.create(RESOURCE, item(name, spec)),
    edit: (name: string, patch: unknown) =>
      client.mergePatch<Item>(RESOURCE, { namespace: 'n', name }, patch),
    remove: (name: string) => client.remove(RESOURCE, { namespace: 'n', name }),
  };
}

/** All objects as the server has them. */
export function items(api: ApiDouble): Item[] {
  return api.all(COLLECTION) as unknown as Item[];
}

/** One object as the server has it. */
export function find(api: ApiDouble, name: string): Item | undefined {
  return items(api).find(({ metadata }) => metadata.name === name);
}

/** One condition of an object. */
export function condition(api: ApiDouble, name: string, type = 'Ready'): Condition | undefined {
  return find(api, name)?.status?.conditions?.find((one) => one.type === type);
}

/** Whether an object is Ready. */
export function holdsReady(one: Item | undefined): boolean {
  return (
    one?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ??
    false
  );
}

/** Whether the server has it as Ready. */
export function isReady(api: ApiDouble, name: string): boolean {
  return holdsReady(find(api, name));
}

/** The same API whose watches tell nothing before `late` has ended, which is called for each piece. */
export function delayed(api: ApiDouble, late: () => Promise<unknown>): ApiDouble['transport'] {
  return async (request) => {
    const answer = await api.transport(request);
    if (!request.path.includes('watch=true')) return answer;
    const body = (async function* () {
      for await (const chunk of answer.body) {
        await late();
        yield chunk;
      }
    })();
    return { ...answer, body };
  };
}
