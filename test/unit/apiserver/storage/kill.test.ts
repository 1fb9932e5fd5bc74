import { setTimeout as delay } from 'node:timers/promises';
import type { ApiList } from '../../../../src/api/object.ts';
import { isFailure } from '../../../../src/core/failure.ts';
import { kubeClient, type KubeClient } from '../../../../src/kube/client.ts';
import { isExpired } from '../../../../src/kube/status-failure.ts';
import { ApiProcess } from '../../../support/api-process.ts';
import { body } from '../../../support/api-core.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { seeded } from '../../../support/random.ts';
import { expect, it } from '../../../support/runner.ts';
import { runs, SEED } from '../../../support/soak.ts';
import { History, listen, type Told } from './told.ts';
import { LAYERS, Ledger, writeAll, type Stamped } from './writers.ts';

const ROUNDS = runs(50);
/** Rounds on one data folder: more changes than the server keeps. */
const ROUNDS_ON_ONE = 8;
/** Mean of the writes of a round that are answered before the kill. */
const WRITES = runs(10_000);
const WRITERS = 64;
/** Each has as many connections as a client takes, so that no writer waits for another. */
const WRITERS_OF_ONE = 16;
const LATEST_MS = 5;

const random = seeded(SEED);

/** A server, and the clients who talk to it until it is killed. */
async function served(dataDir: string) {
  const server = await ApiProcess.start(dataDir);
  const client = async () => kubeClient((await server.connect()).send);
  const reader = await client();
  const groups = await Promise.all(Array.from({ length: WRITERS / WRITERS_OF_ONE }, client));
  const writers = groups.flatMap((each) => Array<KubeClient>(WRITERS_OF_ONE).fill(each));
  return { server, reader, writers };
}

type Served = Awaited<ReturnType<typeof served>>;

/** Watches until it is over; a connection may break before that on a host that is busy. */
async function follow(
  client: KubeClient,
  told: Told[],
  ledger: Ledger,
  from: string,
): Promise<void> {
  while (!ledger.isOver) {
    try {
      await listen(client, told, told.at(-1)?.revision ?? from);
    } catch (error) {
      if (!isFailure(error) || error.consequence !== 'Lost') throw error;
    }
  }
}

/** Writes and watches until SIGKILL, at a moment that follows from the seed. */
async function writeUntilKilled(
  { server, reader, writers }: Served,
  ledger: Ledger,
  from: string,
  id: string,
): Promise<readonly Told[]> {
  const writes = 1 + Math.floor(random() * 2 * WRITES);
  const lateMs = random() * LATEST_MS;
  const told: Told[] = [];
  const watching = follow(reader, told, ledger, from);
  const enough = Promise.withResolvers<void>();
  ledger.onAnswer = () => {
    if (ledger.writes >= writes) enough.resolve();
  };
  const writing = writeAll(writers, ledger, { random, id });
  try {
    await Promise.race([enough.promise, writing, watching, server.ending()]);
    await delay(lateMs);
  } finally {
    ledger.isOver = true;
  }
  await server.kill();
  await Promise.all([writing, watching]);
  return told;
}

/** What was told, and what was there, at both ends of a round. */
interface Round {
  readonly ledger: Ledger;
  readonly before: ApiList<Stamped>;
  readonly live: readonly Told[];
}

/** Rounds of writing and killing on one data folder, in which nothing may be lost. */
class Rounds {
  private readonly dataDir: string;
  private readonly known = new Map<string, string>();
  private now: Served;

  private constructor(dataDir: string, now: Served) {
    this.dataDir = dataDir;
    this.now = now;
  }

  static async open(dataDir: string): Promise<Rounds> {
    return new Rounds(dataDir, await served(dataDir));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.now.server[Symbol.asyncDispose]();
  }

  /** Returns what does not fit. */
  async survive(id: string): Promise<readonly string[]> {
    const before = await this.now.reader.list<Stamped>(LAYERS);
    const ledger = new Ledger(before.items);
    const live = await writeUntilKilled(this.now, ledger, before.metadata.resourceVersion, id);
    await this[Symbol.asyncDispose]();
    this.now = await served(this.dataDir);
    return this.verify(id, { ledger, before, live });
  }

  private async verify(id: string, round: Round): Promise<readonly string[]> {
    const { ledger, before, live } = round;
    const { reader } = this.now;
    const first = before.metadata.resourceVersion;
    const after = await reader.list<Stamped>(LAYERS);
    const head = Number(after.metadata.resourceVersion);
    const newest = Math.max(Number(first), ...[...ledger.answered.keys()].map(Number));
    const upTo = await this.mark(id);
    if (head < newest || upTo <= head) return [`revisions went from ${newest} to ${head}, ${upTo}`];

    // One who was there before the kill goes on behind the last that it was told,
    const resumed = [...live];
    await listen(reader, resumed, live.at(-1)?.revision ?? first, upTo);
    // and one who begins anew is told the same.
    const told: Told[] = [];
    await listen(reader, told, first, upTo);
    const odd = told.findIndex(({ text }, at) => text !== resumed[at]?.text);
    if (odd !== -1 || resumed.length !== told.length) return [`they were told otherwise at ${odd}`];

    for (const [revision, text] of ledger.answered) this.known.set(revision, text);
    const problems = new History(ledger, before).check(told.slice(0, -1), after.items);
    return [...problems, ...(await this.resumeLongAgo(upTo))];
  }

  /** One more write: the last that watchers are told of. */
  private async mark(id: string): Promise<number> {
    const object = body('AppLayer', `after-${id}`, { namespace: 'default' });
    const { metadata } = await this.now.reader.create(LAYERS, object as unknown as Stamped);
    return Number(metadata.resourceVersion);
  }

  /** A watcher of long ago is told once of all that was answered since, or that it must list again. */
  private async resumeLongAgo(upTo: number): Promise<readonly string[]> {
    const revisions = [...this.known.keys()];
    const from = revisions[Math.floor(random() * revisions.length)] ?? '';
    const told: Told[] = [];
    try {
      await listen(this.now.reader, told, from, upTo);
    } catch (error) {
      if (isFailure(error) && isExpired(error) && told.length === 0) return [];
      throw error;
    }
    const texts = new Map(told.map(({ revision, text }) => [revision, text]));
    if (texts.size !== told.length) return [`resumed at ${from}: something was told twice`];
    return [...this.known]
      .filter(([at, text]) => Number(at) > Number(from) && texts.get(at) !== text)
      .map(([at, text]) => `resumed at ${from}: ${at} is ${texts.get(at)}, the answer was ${text}`);
  }
}

it(`keeps what it answered to ${WRITERS} writers, killed ${ROUNDS} times`, async () => {
  for (let first = 0; first < ROUNDS; first += ROUNDS_ON_ONE) {
    await using folder = await temporaryFolder();
    await using rounds = await Rounds.open(folder.path);
    for (let round = first; round < Math.min(first + ROUNDS_ON_ONE, ROUNDS); round += 1) {
      const where = `round ${round} of seed ${SEED}`;
      const problems = await rounds.survive(`r${round}`);
      expect([where, ...problems.slice(0, 3)]).toEqual([where]);
    }
  }
});
