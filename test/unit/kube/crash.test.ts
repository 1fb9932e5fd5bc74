import type { ApiObject, CommonStatus } from '../../../src/api/object.ts';
import { isFailure, transient } from '../../../src/core/failure.ts';
import type { Transport } from '../../../src/core/transport.ts';
import { silentLog } from '../../../src/host/log.ts';
import { kubeClient, type KubeClient } from '../../../src/kube/client.ts';
import type { Caches } from '../../../src/kube/controller.ts';
import { createManager, type Manager } from '../../../src/kube/manager.ts';
import type { Plan, Reconciler } from '../../../src/kube/reconciler.ts';
import { pathOf, resourceOf } from '../../../src/kube/resource.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { eventually } from '../../support/eventually.ts';
import { fastClock } from '../../support/fast-clock.ts';
import { describe, expect, it } from '../../support/runner.ts';

/*
 * A version that needs a machine outside (slow, with a handle), a child object, and both gone again
 * when it is deleted. Every call that leaves the process is counted; one of them goes wrong.
 */

type Status = CommonStatus & { machine?: string };
type Item = ApiObject<unknown, Status>;
type Step = 'finish' | 'child' | 'dropChild' | 'dropMachine' | 'start';

const VERSIONS = resourceOf('LayerVersion');
const CHILDREN = resourceOf('PackagingMachine');
const FINALIZER = 'lamina.dev/test';

/** A platform whose machines are made by tasks. */
class Platform {
  readonly machines = new Map<string, 'starting' | 'on'>();
  created = 0;

  create(key: string): void {
    if (this.machines.has(key)) return;
    this.created += 1;
    this.machines.set(key, 'starting');
  }
}

/** Something that is done outside: before or after it, the process may die or hear an error. */
type Outside = <Result>(effect: () => Result | Promise<Result>) => Promise<Result>;

function reconciler(
  platform: Platform,
  outside: Outside,
  ports: { client: KubeClient; caches: Caches },
) {
  const { client, caches } = ports;
  const base = { status: {}, conditions: [] };
  const act = (reason: string, step: Step): Plan<Step, Status> => ({
    ...base,
    verdict: 'act',
    reason,
    message: reason,
    steps: [step],
  });
  type World = { machine: 'starting' | 'on' | undefined; child: boolean };
  const loop: Reconciler<unknown, Status, World, Step> = {
    observe: async ({ metadata: { name } }) => ({
      machine: await outside(() => platform.machines.get(name)),
      child: caches.of(CHILDREN).get('n', name) !== undefined,
    }),
    plan: ({ metadata }, { machine, child }) => {
      if (metadata.deletionTimestamp !== undefined) {
        if (child) return act('Deleting', 'dropChild');
        return machine === undefined
          ? { ...base, verdict: 'released' }
          : act('Deleting', 'dropMachine');
      }
      if (machine === undefined) return act('Starting', 'start');
      if (machine === 'starting') return act('Starting', 'finish');
      if (!child) return act('Adding', 'child');
      const status = { machine: metadata.name };
      return { ...base, status, verdict: 'settled', reason: 'Deployable', message: 'done' };
    },
    act: async (step, { metadata: { name } }) => {
      switch (step) {
        case 'start':
          await outside(() => platform.create(name));
          return { handle: `task-${name}` };
        case 'finish':
          return outside(() => void platform.machines.set(name, 'on'));
        case 'dropMachine':
          return outside(() => void platform.machines.delete(name));
        case 'dropChild':
          await client.remove(CHILDREN, { namespace: 'n', name });
          return;
        case 'child':
          return ensure(client, name);
      }
    },
  };
  return loop;
}

async function ensure(client: KubeClient, name: string): Promise<void> {
  const metadata = { name, namespace: 'n' };
  const child = { apiVersion: 'lamina.dev/v1alpha1', kind: 'PackagingMachine', metadata, spec: {} };
  await client.create(CHILDREN, child).catch((error: unknown) => {
    if (!isFailure(error) || error.code !== 'AlreadyExists') throw error;
  });
}

type Fault = 'none' | 'killed before' | 'killed after' | 'error before' | 'error after';

/** One run with one fault at call number `at`; killed processes are started again. */
class Scene {
  readonly api = new ApiDouble();
  readonly platform = new Platform();
  calls = 0;
  private readonly fault: Fault;
  private readonly at: number;
  private readonly managers: Manager[] = [];
  private life = 0;

  constructor(fault: Fault, at: number) {
    this.fault = fault;
    this.at = at;
  }

  start(): void {
    const life = this.life;
    const outside: Outside = async (effect) => {
      // A dead process does nothing, for ever.
      if (life !== this.life) return new Promise<never>(() => undefined);
      this.calls += 1;
      const isHurt = this.calls === this.at;
      if (isHurt && this.fault === 'killed before') return this.die();
      if (isHurt && this.fault === 'error before') throw transient('Hurt', 'lost on the way');
      const result = await effect();
      if (isHurt && this.fault === 'killed after') return this.die();
      if (isHurt && this.fault === 'error after') throw transient('Hurt', 'answer lost');
      return result;
    };
    const transport: Transport = (request) => outside(() => this.api.transport(request));
    const manager = createManager({
      client: kubeClient(transport),
      clock: fastClock,
      random: () => 0.5,
      log: silentLog,
    });
    manager.add({
      name: 'versions',
      resource: VERSIONS,
      reconciler: reconciler(this.platform, outside, manager),
      watches: [{ resource: CHILDREN, map: ({ metadata }) => [`n/${metadata.name}`] }],
      finalizer: FINALIZER,
      workers: 2,
    });
    this.managers.push(manager);
    manager.start();
  }

  async live(): Promise<{ ready: unknown; created: number }> {
    this.start();
    const person = kubeClient(this.api.transport);
    const metadata = { name: 'a', namespace: 'n' };
    const version = { apiVersion: 'lamina.dev/v1alpha1', kind: 'LayerVersion', metadata, spec: {} };
    await person.create(VERSIONS, version);
    await eventually(() => this.isReady(), `Ready after ${this.fault} at ${this.at}`);
    const ready = this.state();
    await person.remove(VERSIONS, metadata);
    const isEmpty = () => this.items(VERSIONS).length === 0;
    await eventually(isEmpty, `gone after ${this.fault} at ${this.at}`);
    // Those that were killed hang in the middle of something; nobody waits for them.
    const [alive, ...dead] = this.managers.toReversed().map((manager) => manager.stop());
    void Promise.all(dead);
    await alive;
    expect(this.items(CHILDREN)).toEqual([]);
    expect(this.platform.machines.size).toBe(0);
    return { ready, created: this.platform.created };
  }

  private die(): Promise<never> {
    this.life += 1;
    this.start();
    return new Promise<never>(() => undefined);
  }

  private items(resource: typeof VERSIONS): Item[] {
    return this.api.all(pathOf(resource)) as unknown as Item[];
  }

  private isReady(): boolean {
    const conditions = this.items(VERSIONS)[0]?.status?.conditions;
    return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  }

  /** Everything but what differs between any two runs. */
  private state(): unknown {
    const [version] = this.items(VERSIONS);
    const conditions = version?.status?.conditions?.map((condition) => ({
      ...condition,
      lastTransitionTime: '',
    }));
    return {
      status: { ...version?.status, conditions },
      finalizers: version?.metadata.finalizers,
      children: this.items(CHILDREN).map(({ metadata }) => metadata.name),
      machines: [...this.platform.machines],
    };
  }
}

describe('a controller that is hurt at any one call to the outside', () => {
  const faults: Fault[] = ['killed before', 'killed after', 'error before', 'error after'];
  it.each(faults)('reaches the same end and makes nothing twice: %s', async (fault) => {
    const calm = new Scene('none', 0);
    const want = await calm.live();
    expect(want.created).toBe(1);
    expect(calm.calls).toBeGreaterThan(15);
    for (let at = 1; at <= calm.calls; at += 1) {
      expect({ at, ...(await new Scene(fault, at).live()) }).toEqual({ at, ...want });
    }
  });
});
