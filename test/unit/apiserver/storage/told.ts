import type { ApiList } from '../../../../src/api/object.ts';
import type { KubeClient } from '../../../../src/kube/client.ts';
import { LAYERS, type Ledger, type Stamped } from './writers.ts';

/** One event of a watch. */
export interface Told {
  readonly type: string;
  readonly revision: string;
  readonly uid: string;
  readonly name: string;
  readonly text: string;
}

/** Adds what a watch tells until it has told of a revision, or ends. */
export async function listen(
  client: KubeClient,
  told: Told[],
  from: string,
  upTo = Number.POSITIVE_INFINITY,
): Promise<void> {
  for await (const { type, object } of client.watch<Stamped>(LAYERS, { resourceVersion: from })) {
    if (type === 'BOOKMARK') continue;
    const { name, uid = '', resourceVersion: revision = '' } = object.metadata;
    told.push({ type, revision, uid, name, text: JSON.stringify(object) });
    if (Number(revision) >= upTo) return;
  }
}

function stampsOf(text: string | undefined): readonly [string | undefined, string | undefined] {
  if (text === undefined) return [undefined, undefined];
  const { metadata, status } = JSON.parse(text) as Stamped;
  return [metadata.annotations?.['stamp'], status?.handle];
}

function textsOf(objects: readonly Stamped[]): Map<string, string> {
  return new Map(objects.map((object) => [object.metadata.name, JSON.stringify(object)]));
}

/** What follows from a history that a server tells, held against what its clients know. */
export class History {
  /** What does not fit. */
  readonly problems: string[] = [];
  private readonly live: Map<string, string>;
  private readonly ledger: Ledger;
  private readonly unanswered: Set<string>;
  private readonly revisions = new Set<string>();
  private readonly deleted = new Set<string>();
  private last: number;

  /** What was there comes before all that is told. */
  constructor(ledger: Ledger, { metadata, items }: ApiList<Stamped>) {
    this.ledger = ledger;
    this.unanswered = new Set(ledger.unanswered);
    this.last = Number(metadata.resourceVersion);
    this.live = textsOf(items);
  }

  check(told: readonly Told[], left: readonly Stamped[]): readonly string[] {
    for (const event of told) this.follow(event);
    for (const revision of this.ledger.answered.keys()) {
      if (!this.revisions.has(revision))
        this.problems.push(`${revision} was answered, and is lost`);
    }
    for (const uid of this.ledger.gone) {
      if (!this.deleted.has(uid)) this.problems.push(`${uid} was deleted, and is there`);
    }
    const listed = textsOf(left);
    for (const name of new Set([...listed.keys(), ...this.live.keys()])) {
      if (listed.get(name) === this.live.get(name)) continue;
      this.problems.push(`${name} is ${listed.get(name)}, history says ${this.live.get(name)}`);
    }
    return this.problems;
  }

  private follow(event: Told): void {
    const { type, revision, name } = event;
    const before = this.live.get(name);
    if (Number(revision) <= this.last) this.problems.push(`${revision} comes after ${this.last}`);
    this.last = Number(revision);
    if ((before === undefined) !== (type === 'ADDED')) {
      this.problems.push(`${revision}: ${type} of ${name}, which was ${before ?? 'not there'}`);
    }
    if (type === 'DELETED') this.went(event);
    else this.became(event, before);
  }

  private went({ uid, name }: Told): void {
    this.live.delete(name);
    this.deleted.add(uid);
    if (!this.ledger.condemned.has(uid)) this.problems.push(`nobody deleted ${uid}`);
  }

  private became(event: Told, before: string | undefined): void {
    const { revision, name, text } = event;
    this.live.set(name, text);
    this.revisions.add(revision);
    const answer = this.ledger.answered.get(revision);
    if (answer === undefined) this.mayBe(event, before);
    else if (answer !== text)
      this.problems.push(`${revision} is ${text}, the answer was ${answer}`);
  }

  /** A write without an answer may have happened, once, and as it was asked for. */
  private mayBe({ revision, text }: Told, before: string | undefined): void {
    const was = stampsOf(before);
    const is = stampsOf(text);
    const made = is.filter((stamp, part) => stamp !== undefined && stamp !== was[part]);
    if (made.length === 1 && this.unanswered.delete(made[0] ?? '')) {
      const { annotations } = (JSON.parse(text) as Stamped).metadata;
      const whole = annotations?.['text']?.startsWith(annotations['stamp'] ?? ' ');
      if (whole === true) return;
    }
    this.problems.push(`${revision}: nobody wrote ${text} over ${before}`);
  }
}
