import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openApiServer } from '../../src/apiserver/server.ts';
import { API_VERSION } from '../../src/api/kind.ts';
import { sha256 } from '../../src/core/digest.ts';
import type { InspectionRecord } from '../../src/core/evidence.ts';
import { isFailure } from '../../src/core/failure.ts';
import type { StoredLayer } from '../../src/core/layer.ts';
import { systemClock } from '../../src/host/clock.ts';
import { silentLog } from '../../src/host/log.ts';
import { run } from '../../src/host/run.ts';
import type { DiskFile } from '../../src/images/source.ts';
import {
  compositionId,
  type ConnectorRef,
  type ImportJob,
  type JobRunner,
  type JobSpec,
  type Recipe,
} from '../../src/jobs/spec.ts';
import { kubeClient, type KubeClient } from '../../src/kube/client.ts';
import { resourceOf, SECRETS } from '../../src/kube/resource.ts';
import type { ChildRunnerOptions } from '../../src/jobs/child-runner.ts';
import { connectorPlace, type PlatformOf } from '../../src/main/platforms.ts';
import { workerPlatforms } from '../../src/main/worker-platforms.ts';
import type { ConnectorConfig } from '../../src/reconcilers/objects.ts';
import { openStore, type LayerStore } from '../../src/store/store.ts';
import { folderDisk, folderPlatformOf } from './folder-platform.ts';
import { runAfresh } from './job-end.ts';
import { secondRunner, type SharedPlaces } from './second-runner.ts';
import { changeDisk, file } from './volume/change.ts';
import { makeDisk } from './volume/disk.ts';
import { identity } from './volume/engine.ts';

const SYSTEM = `
mkdir -p etc/rc2.d usr/bin var/lib tmp; head -c 3000000 /dev/urandom > usr/bin/tool
for i in $(seq 200); do echo $i > usr/file$i; done; echo root:x:0:0::/: > etc/passwd`;

const WORKER = join(import.meta.dirname, 'job-worker.ts');

/** What the installer of the tests consists of: enough to fill a disk while it is written. */
export const MEDIA = 'bytes of an installer '.repeat(40_000);

/** Everything that jobs need: an API with a connector, a file to import, and media to fetch. */
export class JobPlace {
  readonly folder: string;
  readonly importRoot: string;
  readonly client: KubeClient;
  readonly mediaUrl: string;
  readonly importJob: ImportJob;
  private readonly kubeconfig: string;

  private constructor(parts: Pick<JobPlace, 'folder' | 'client' | 'mediaUrl'> & Made) {
    this.folder = parts.folder;
    this.client = parts.client;
    this.mediaUrl = parts.mediaUrl;
    this.kubeconfig = parts.kubeconfig;
    this.importRoot = join(parts.folder, 'import');
    this.importJob = {
      kind: 'import',
      key: 'lamina-osl-tiny',
      layer: identity('os', 'tiny'),
      file: 'os.qcow2',
      format: 'qcow2',
      sha256: parts.sha256,
    };
  }

  /** Makes one in an empty folder. */
  static async create(folder: string, made: AsyncDisposableStack): Promise<JobPlace> {
    const { path } = await makeDisk(folder, SYSTEM);
    const file = join(folder, 'import', 'os.qcow2');
    await mkdir(join(folder, 'import'));
    await run('qemu-img', [...'convert -f raw -O qcow2'.split(' '), path, file]);
    const server = await openApiServer({
      dataDir: join(folder, 'api'),
      listen: { host: '127.0.0.1', port: 0 },
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      version: '0.0.0',
    });
    made.defer(() => server.close());
    const client = kubeClient(server.handler);
    const media = createServer((_, response) => response.end(MEDIA));
    await new Promise<void>((resolve) => media.listen(0, '127.0.0.1', resolve));
    made.defer(() => void media.close());
    const { port } = media.address() as AddressInfo;
    const place = new JobPlace({
      folder,
      client,
      mediaUrl: `http://127.0.0.1:${port}/setup.bin`,
      kubeconfig: server.kubeconfigPath,
      sha256: createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    });
    await place.connect('here');
    return place;
  }

  /** Applies a ConnectorConfig of the tests' platform. */
  async connect(name: string, annotations: Readonly<Record<string, string>> = {}): Promise<void> {
    const metadata = { name, namespace: 'default', annotations };
    const config = { apiVersion: API_VERSION, kind: 'ConnectorConfig', metadata };
    try {
      await this.client.create(resourceOf('ConnectorConfig'), { ...config, spec: { local: {} } });
    } catch (error) {
      if (!isFailure(error) || error.code !== 'AlreadyExists') throw error;
      const target = { name, namespace: 'default' };
      await this.client.mergePatch(resourceOf('ConnectorConfig'), target, {
        metadata: { annotations },
      });
    }
  }

  /** Applies a Secret. */
  async secret(name: string, values: Readonly<Record<string, string>>): Promise<void> {
    const data = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
    );
    const metadata = { name, namespace: 'default' };
    await this.client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      data,
    } as never);
  }

  /** What a plan would write about where a connector leads now. */
  async connector(name: string, platformOf: PlatformOf): Promise<ConnectorRef> {
    const resource = resourceOf('ConnectorConfig');
    const config = await this.client.get<ConnectorConfig>(resource, 'default', name);
    if (config === undefined) throw new Error(`no ConnectorConfig ${name}`);
    const { location } = connectorPlace(config, platformOf);
    return { namespace: 'default', name, location };
  }

  /** Places of one installation; another suffix is another one. */
  shared(suffix = ''): SharedPlaces & { readonly machines: string } {
    return {
      store: join(this.folder, `store${suffix}`),
      machines: join(this.folder, `machines${suffix}`),
      kubeconfig: this.kubeconfig,
      importRoot: this.importRoot,
      allowLocalMedia: true,
    };
  }

  /** An installation with a runner of its own. */
  async installation(
    suffix = '',
    runner: Partial<ChildRunnerOptions> = {},
  ): Promise<JobInstallation> {
    const { parts, shared } = await this.parts(suffix);
    const platformOf = folderPlatformOf(shared.machines);
    return new JobInstallation(this, {
      ...parts,
      platformOf,
      runner: { workerPath: WORKER, ...runner },
    });
  }

  /** One whose jobs are the real ones, on QEMU of this host. */
  async localInstallation(suffix: string): Promise<JobInstallation> {
    const { parts, shared } = await this.parts(suffix);
    const platformOf = await workerPlatforms({ ...shared, work: parts.work });
    return new JobInstallation(this, { ...parts, platformOf, runner: {} });
  }

  private async parts(suffix: string) {
    const shared = this.shared(suffix);
    await mkdir(shared.machines, { recursive: true });
    const store = await openStore(shared.store, { clock: systemClock });
    return { shared, parts: { store, work: join(this.folder, `work${suffix}`), shared } };
  }
}

interface Made {
  readonly kubeconfig: string;
  readonly sha256: string;
}

interface InstallationParts {
  readonly store: LayerStore;
  readonly work: string;
  readonly shared: SharedPlaces & { readonly machines: string };
  readonly platformOf: PlatformOf;
  readonly runner: Partial<ChildRunnerOptions>;
}

/** A store, a work folder, machines, and what runs jobs on them. */
export class JobInstallation {
  readonly place: JobPlace;
  readonly store: LayerStore;
  readonly work: string;
  readonly machines: string;
  readonly runner: JobRunner;
  private readonly parts: InstallationParts;

  constructor(place: JobPlace, parts: InstallationParts) {
    const { store, work, shared, runner } = parts;
    this.place = place;
    this.parts = parts;
    this.store = store;
    this.work = work;
    this.machines = shared.machines;
    this.runner = secondRunner(shared, work, runner);
  }

  /** The same installation, seen from another host. */
  elsewhere(): JobInstallation {
    const { place, parts } = this;
    return new JobInstallation(place, { ...parts, work: `${parts.work}-elsewhere` });
  }

  /** Runs a job to its end; throws its failure. */
  async done(spec: JobSpec): Promise<void> {
    const failure = await runAfresh(this.runner, spec);
    if (failure !== undefined) throw new Error(JSON.stringify(failure));
  }

  /** The code that a job fails with. */
  async failure(spec: JobSpec): Promise<string> {
    return (await runAfresh(this.runner, spec))?.code ?? 'no failure';
  }

  async os(): Promise<StoredLayer> {
    await this.done(this.place.importJob);
    return this.layer(this.place.importJob.layer);
  }

  async layer({ repository, tag }: { repository: string; tag: string }): Promise<StoredLayer> {
    const found = await this.store.find(repository, tag);
    if (found === undefined) throw new Error(`${repository}:${tag} is not in the store`);
    return found;
  }

  /** A recipe with one step and its media. */
  recipe(os: StoredLayer, deltas: readonly StoredLayer[] = [], title = 'tool 1'): Recipe {
    const exitCodes = { ok: [0], reboot: [99] };
    return {
      namespace: 'default',
      os,
      deltas,
      task: {
        role: 'package',
        title,
        steps: [{ run: 'sh "$LAMINA_MEDIA/setup.bin"', exitCodes, timeout: '5m' }],
        media: [{ name: 'setup.bin', url: this.place.mediaUrl, sha256: sha256(MEDIA).slice(7) }],
        unattended: true,
      },
    };
  }

  connector(name = 'here'): Promise<ConnectorRef> {
    return this.place.connector(name, this.parts.platformOf);
  }

  composed(recipe: Recipe): DiskFile {
    const path = join(this.work, 'composed', compositionId(recipe), 'disk.qcow2');
    return { path, format: 'qcow2' };
  }

  /** Does to a machine what an installation would, and has the guest tool attest it. */
  async install(key: string, recipe: Recipe, nonce = this.nonce(recipe)): Promise<void> {
    const { role } = recipe.task;
    const attestation = { format: 1, nonce, role, result: 'clean', reasons: [] };
    await changeDisk(folderDisk(this.machines, key), this.place.folder, [
      file('/usr/file7', 'changed'),
      { op: 'remove', path: '/usr/file8' },
      file('/usr/bin/app', 'a'.repeat(2_000_000)),
      file('/var/lib/lamina/attestation.json', JSON.stringify(attestation)),
    ]);
  }

  nonce(recipe: Recipe): string {
    return this.store.nonceOf(compositionId(recipe));
  }

  /** Has a machine looked at. */
  async inspected(key: string, recipe: Recipe): Promise<InspectionRecord> {
    await this.done({ kind: 'inspect', key, recipe, connector: await this.connector(), boot: '1' });
    const record = await this.store.evidence.inspection(key);
    if (record === undefined) throw new Error('no inspection was recorded');
    return record;
  }
}
