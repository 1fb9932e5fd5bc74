import { constants, copyFile, mkdir, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { endMachines } from '../../examples/demo/end-machines.ts';
import { System } from '../../examples/demo/system.ts';
import { API_VERSION } from '../../src/api/kind.ts';
import type { ApiObject } from '../../src/api/object.ts';
import { isMissing } from '../../src/host/files.ts';
import { run } from '../../src/host/run.ts';
import type { KubeClient } from '../../src/kube/client.ts';
import { resourceOf, SECRETS } from '../../src/kube/resource.ts';
import { buildDemoOs } from './demo-os/build.ts';
import { PATIENCE_MS } from './until.ts';

/** Follows an object of the default namespace by watch until it is as wanted. */
export async function follow(
  client: KubeClient,
  kind: string,
  wanted: (object: ApiObject) => boolean,
): Promise<ApiObject> {
  const resource = resourceOf(kind);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  let last: ApiObject | undefined;
  try {
    const { items, metadata } = await client.list(resource);
    const found = items.find(wanted);
    if (found !== undefined) return found;
    last = items.at(-1);
    const { resourceVersion } = metadata;
    for await (const { type, object } of client.watch(resource, { resourceVersion, signal })) {
      if (type === 'BOOKMARK') continue;
      last = object;
      if (wanted(object)) return object;
    }
  } catch (error) {
    const status = JSON.stringify(last?.status);
    throw new Error(`waited for ${kind} ${last?.metadata.name ?? ''}: ${status}`, { cause: error });
  }
  throw new Error('the watch ended');
}

/** An object of ours in the default namespace. */
export function object(kind: string, name: string, spec: unknown): ApiObject {
  return { apiVersion: API_VERSION, kind, metadata: { name, namespace: 'default' }, spec };
}

/** A layer over the operating system `tiny` that leaves a proof in its guest, and an image of both. */
export function toolAndDesk(connector: string): readonly ApiObject[] {
  const connectorRef = { name: connector };
  const steps = [{ run: 'echo installed >> /etc/proof' }];
  return [
    object('AppLayer', 'tool', {
      osLayer: { name: 'tiny' },
      packaging: { connectorRef },
      versions: [{ name: '1', osVersion: '1', install: { steps } }],
    }),
    object('ImageTemplate', 'desk', {
      osLayer: { name: 'tiny', channel: 'prod' },
      appLayers: [{ name: 'tool', version: '1' }],
      targets: [{ name: 'there', connectorRef, provisioning: 'None' }],
    }),
  ];
}

/** A data directory with a demo disk to import, and what happens to lie in it. */
export class Installation {
  readonly dataDir: string;
  readonly importRoot: string;
  readonly sha256: string;

  private constructor(folder: string, sha256: string) {
    this.dataDir = join(folder, 'data');
    this.importRoot = join(folder, 'import');
    this.sha256 = sha256;
  }

  /** Makes one in an empty folder. */
  static async create(folder: string): Promise<Installation> {
    const os = await buildDemoOs({ run });
    const made = new Installation(folder, os.sha256);
    await mkdir(made.importRoot, { recursive: true });
    await copyFile(os.path, join(made.importRoot, 'os.raw'), constants.COPYFILE_FICLONE);
    return made;
  }

  /** Ends what a failed test left running. */
  [Symbol.asyncDispose](): Promise<void> {
    return endMachines(this.dataDir);
  }

  /** `lamina up` on it. */
  start(): Promise<System> {
    const { dataDir, importRoot } = this;
    return System.start({ dataDir, importRoot });
  }

  /** A connector and an operating system of one version, `1`. */
  base(): readonly ApiObject[] {
    const here = object('ConnectorConfig', 'here', { local: { memory: '256Mi' } });
    return [here, this.operatingSystem()];
  }

  /** An operating system of one version, `1`. */
  operatingSystem(): ApiObject {
    const disk = { file: 'os.raw', format: 'raw', sha256: this.sha256 };
    return object('OSLayer', 'tiny', {
      channels: { prod: '1' },
      versions: [{ name: '1', import: { disk } }],
    });
  }

  /** Process ids of machines of this installation. */
  async machineProcesses(): Promise<readonly string[]> {
    const { stdout } = await run('pgrep', ['-f', `qemu-system.*${this.dataDir}/`], {
      okCodes: [0, 1],
    });
    return stdout.split('\n').filter(Boolean);
  }

  /** Files below the machines folder with this ending. */
  async machineFiles(ending: string): Promise<readonly string[]> {
    const folder = join(this.dataDir, 'machines');
    try {
      const names = await readdir(folder, { recursive: true });
      return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** The store's list of versions, byte for byte. */
  storeIndex(): Promise<string> {
    return readFile(join(this.dataDir, 'store/index.json'), 'utf8');
  }
}

/** Creates objects in order. */
export async function createAll(client: KubeClient, objects: readonly ApiObject[]): Promise<void> {
  for (const each of objects) {
    await client.create(each.kind === 'Secret' ? SECRETS : resourceOf(each.kind), each);
  }
}

/** Names of the machines that controllers make from now on. */
export function machinesMade(client: KubeClient): {
  readonly names: string[];
  stop(): Promise<void>;
} {
  const names: string[] = [];
  const over = new AbortController();
  const watching = (async () => {
    const resource = resourceOf('PackagingMachine');
    const options = { resourceVersion: '0', signal: over.signal };
    for await (const { type, object: machine } of client.watch(resource, options)) {
      if (type === 'ADDED') names.push(machine.metadata.name);
    }
  })().catch(() => undefined);
  return {
    names,
    stop: () => {
      over.abort();
      return watching;
    },
  };
}
