import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../../src/host/clock.ts';
import { jsonLog } from '../../../src/host/log.ts';
import { run, type Run } from '../../../src/host/run.ts';
import type { FaultyPlatform } from '../../contract/fault-stage.ts';
import type { Opened, OpenOptions } from '../../contract/stage.ts';
import { tinyGuestDisk } from '../../support/boot-sector.ts';
import { turnClock } from '../../support/fast-clock.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { until } from '../../support/until.ts';
import type { Send } from './client/http.ts';
import { remotePlatform, type RemoteSpec } from './client/platform.ts';
import { RemoteServer } from './server/server.ts';

const CANARY = 'Kanarienvogel-7';
const OTHER_CANARY = 'Zaunkoenig-8';
const POLL_MS = 50;
const LEASE_MS = 1_000;

/** Leases last by turns: on a busy host the reader that keeps one would be late as well. */
const turns = turnClock(10, 10);

type Point = NonNullable<OpenOptions['point']>;

/**
 * Tells of each change that is asked for, before and after it: a process that ends at a mere question
 * leaves the same behind. Once it was told to end, nothing gets through.
 */
function pointed(point: Point): { readonly send: Send; readonly run: Run } {
  let ended = false;
  const at = async (where: string): Promise<void> => {
    ended = true;
    await point(where);
    ended = false;
  };
  const around = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    await at(`before ${what}`);
    const result = await work();
    await at(`after ${what}`);
    return result;
  };
  return {
    send: async (call, go) => {
      const what = `${call.method} ${call.path}`;
      if (call.method !== 'GET' && call.path !== '/session') return around(what, go);
      if (ended) await at(what);
      return go();
    },
    run: (program, args, more) => around(program, () => run(program, args, more)),
  };
}

/** The far platform in a folder of its own, with a guest of 512 bytes. */
export async function remoteContractPlatform(
  mode: 'machine' | 'artefact',
): Promise<FaultyPlatform<RemoteSpec>> {
  const folder = await temporaryFolder();
  const [far, scratchDir, sources] = ['far', 'scratch', 'sources'].map((name) =>
    join(folder.path, name),
  ) as [string, string, string];
  for (const path of [far, scratchDir, sources]) await mkdir(path);
  const server = await RemoteServer.start({
    folder: far,
    users: { lamina: CANARY, another: OTHER_CANARY },
    clock: { ...systemClock, elapsed: () => turns.elapsed() },
    leaseMs: LEASE_MS,
    paysForStopped: mode === 'artefact',
  });
  const disk = await tinyGuestDisk(join(sources, 'guest.raw'), 'waits for the button');
  const said: string[] = [];
  const log = jsonLog(
    (line) => said.push(line),
    () => systemClock.now(),
    { level: 'debug' },
  );
  const spec: RemoteSpec = { url: server.url, secret: 'far', mode, memoryMiB: 64 };

  const open = (
    options: OpenOptions<RemoteSpec> = {},
    credential: Readonly<Record<string, string>> = { username: 'lamina', password: CANARY },
  ): Promise<Opened<RemoteSpec>> => {
    const { installId = 'this-installation', point } = options;
    const platform = remotePlatform({
      installId,
      clock: systemClock,
      log,
      scratchDir,
      pollMs: POLL_MS,
      ...(point === undefined ? { run } : pointed(point)),
    });
    const place = { spec: options.spec ?? spec, credential };
    const session = platform.open(place);
    const connector = session.connector(place.spec);
    return Promise.resolve({ session, connector, transfer: platform.transfer(place) });
  };

  return {
    spec,
    source: { ...disk, composition: 'c-of-this-recipe' },
    faults: server.faults,
    leaseMs: LEASE_MS,
    said,
    secrets: [CANARY, OTHER_CANARY],
    open,
    openAsAnother: () => open({}, { username: 'another', password: OTHER_CANARY }),
    openWrongly: () => open({}, { username: 'lamina', password: 'Fehlgriff-9' }),
    dropSessions: () => server.dropTokens(),
    setInUse: (inUse) => server.setInUse(inUse),
    removeSource: () => rm(sources, { recursive: true }),
    crashMachine: (key) => server.crashMachine(key),
    copyByStranger: (key) => server.copyByStranger(key),
    leftovers: async () => {
      // What a process that has crashed began goes on for a moment.
      await until('the platform is quiet', async () => !(await server.stray()).includes('a task'));
      return [...server.names(), ...(await server.stray())];
    },
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
