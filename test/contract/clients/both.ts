import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../src/host/run.ts';
import { openSubject, type Subject } from '../../support/api-subject.ts';
import { judgeMissing, startJudge } from '../../support/judge.ts';
import { builtPeers, type Peer } from '../../support/peers.ts';
import { afterAll, beforeAll, describe, it } from '../../support/runner.ts';
import { PATIENCE_MS } from '../../support/until.ts';
import { Mask } from '../parity/mask.ts';
import { makeNamespace } from '../parity/play.ts';
import { openWire, type Wire } from '../parity/wire.ts';

/** One of the two servers, as a script of a client finds it: in a namespace that is empty. */
export interface Place {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly wire: Wire;
  /** A folder for what the client keeps. */
  readonly home: string;
}

/** What a client saw in one step. */
export interface Step {
  readonly step: string;
  readonly result: unknown;
}

/** Plays a script on both servers: what was seen on ours, and on the real one. */
export type PlayBoth = (
  namespace: string,
  script: (place: Place) => Promise<readonly Step[]>,
) => Promise<{ readonly ours: readonly Step[]; readonly real: readonly Step[] }>;

/** A client runs with nothing of ours in its environment. */
export function environmentOf({ home, kubeconfig }: Place): Readonly<Record<string, string>> {
  return {
    PATH: '/usr/bin:/bin',
    HOME: home,
    KUBECONFIG: kubeconfig,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
  };
}

/** Runs a program that prints a line of JSON per step, with kubeconfig and namespace as its last arguments. */
export async function steps(
  program: string,
  args: readonly string[],
  place: Place,
): Promise<readonly Step[]> {
  const all = [...args, place.kubeconfig, place.namespace];
  const options = { env: environmentOf(place), timeoutMs: PATIENCE_MS };
  const { stdout } = await run(program, all, options);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Step);
}

class Server {
  private readonly subject: Subject;
  private readonly wire: Wire;
  private readonly home = mkdtempSync(join(tmpdir(), 'lam-client-'));

  private constructor(subject: Subject, wire: Wire) {
    this.subject = subject;
    this.wire = wire;
  }

  static async open(subject: Subject): Promise<Server> {
    return new Server(subject, await openWire(subject.kubeconfig));
  }

  async play(
    namespace: string,
    script: (place: Place) => Promise<readonly Step[]>,
  ): Promise<readonly Step[]> {
    const { wire, home } = this;
    await makeNamespace(wire, namespace);
    const { kubeconfig } = this.subject;
    const seen = await script({ kubeconfig, namespace, wire, home });
    const mask = new Mask(Date.now(), []);
    return seen.map(({ step, result }, at) => ({ step, result: mask.body(result, String(at)) }));
  }

  async close(): Promise<void> {
    this.wire.close();
    rmSync(this.home, { recursive: true, force: true });
    await this.subject.close();
  }
}

function declared(title: string, peer: Peer, suite: (peer: Peer, play: PlayBoth) => void): void {
  describe(`${title} ${peer.version}`, () => {
    let [ours, real]: [Server?, Server?] = [];
    beforeAll(async () => {
      const [subject, judge] = await Promise.all([openSubject(), startJudge()]);
      [ours, real] = [await Server.open(subject), await Server.open(judge)];
    });
    afterAll(async () => {
      await Promise.all([ours?.close(), real?.close()]);
    });
    suite(peer, async (namespace, script) => {
      if (ours === undefined || real === undefined) throw new Error('the servers did not start');
      const [left, right] = [ours.play(namespace, script), real.play(namespace, script)];
      return { ours: await left, real: await right };
    });
  });
}

/** Declares the suite of a client that `make peers` builds. */
export function describeClient(
  title: string,
  name: string,
  suite: (peer: Peer, play: PlayBoth) => void,
): void {
  const peer = builtPeers(name).at(-1);
  const why = peer === undefined ? `not built: ${name}: run "make peers"` : judgeMissing();
  if (peer !== undefined && why === undefined) {
    declared(title, peer, suite);
    return;
  }
  describe(title, () => {
    it.skip(String(why), () => undefined);
  });
}
