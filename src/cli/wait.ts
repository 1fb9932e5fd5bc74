import { Option } from 'commander';
import { conditionOf, type ApiObject } from '../api/object.ts';
import { isFailure } from '../core/failure.ts';
import { resourceOf } from '../kube/resource.ts';
import { durationArgument } from './arguments.ts';
import { printAnswer, withAnswer, type AnswerOptions, type Connection } from './connection.ts';
import type { AddCommand, CliContext, Result } from './context.ts';
import { badArgument, harmless } from './print.ts';
import { nameOf, parseTarget, type Target } from './target.ts';
import { holdsNow, viewOf, type ShownObject } from './view.ts';

const HELP = `
Exit code: 0 the condition holds, 1 stalled (only an edit helps), 2 wrong usage, 3 time is up,
4 a person must act (with --fail-on-action). What happens meanwhile goes to standard error.

Examples:
  lamina wait imgt/sales --timeout 30m
  lamina wait lver/apl-7zip-26.0-3f9a01bc --fail-on-action
  lamina wait imgt/sales --for Available`;

/** Exit codes of `wait`. */
const CODES = { holds: 0, stalled: 1, timeout: 3, action: 4 } as const;

/** What is waited for. */
export interface Wanted {
  readonly target: Target;
  readonly condition: string;
  readonly timeoutMs: number;
  readonly failOnAction: boolean;
  /** Told whenever the stage or its message changes. */
  readonly changed: (text: string) => void;
}

type Verdict = keyof typeof CODES;

/** What an object as it is now means to somebody who waits. */
function verdictOf(object: ApiObject, wanted: Wanted): Verdict | undefined {
  if (holdsNow(object, wanted.condition)) return 'holds';
  if (holdsNow(object, 'Stalled')) return 'stalled';
  const acts = conditionOf(object, 'ActionRequired')?.status === 'True';
  return acts && wanted.failOnAction ? 'action' : undefined;
}

class Waiting {
  private readonly connection: Connection;
  private readonly wanted: Wanted;
  private said = '';
  last: ShownObject | undefined;

  constructor(connection: Connection, wanted: Wanted) {
    this.connection = connection;
    this.wanted = wanted;
  }

  private look(object: ShownObject | undefined): Verdict | undefined {
    this.last = object;
    const text =
      object === undefined
        ? 'it does not exist yet'
        : `${viewOf(object).reason}: ${viewOf(object).message}`;
    if (text !== this.said) this.wanted.changed(text);
    this.said = text;
    return object === undefined ? undefined : verdictOf(object, this.wanted);
  }

  /** Lists, then follows the changes until there is a verdict or the stream ends. */
  async round(signal: AbortSignal): Promise<Verdict | undefined> {
    const { client, namespace } = this.connection;
    const { definition, name } = this.wanted.target;
    const resource = resourceOf(definition.kind);
    const { items, metadata } = await client.list<ShownObject>(resource, { namespace, signal });
    const first = this.look(items.find((item) => item.metadata.name === name));
    if (first !== undefined) return first;
    const { resourceVersion } = metadata;
    for await (const event of client.watch<ShownObject>(resource, {
      namespace,
      resourceVersion,
      signal,
    })) {
      if (event.type === 'BOOKMARK' || event.object.metadata.name !== name) continue;
      const verdict = this.look(event.type === 'DELETED' ? undefined : event.object);
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  }
}

/** Lasting refusals end the wait; outages do not. */
function endsWait(error: unknown): boolean {
  return !isFailure(error) || error.consequence === 'Impossible' || error.consequence === 'Denied';
}

async function verdictBy(
  waiting: Waiting,
  { clock }: CliContext,
  timeUp: AbortSignal,
): Promise<Verdict> {
  while (!timeUp.aborted) {
    try {
      const verdict = await waiting.round(timeUp);
      if (verdict !== undefined) return verdict;
    } catch (error) {
      if (!timeUp.aborted && endsWait(error)) throw error;
    }
    await clock.sleep(500, timeUp).catch(() => undefined);
  }
  return 'timeout';
}

/** Waits until a condition holds, or until waiting makes no sense any more. */
async function waitFor(
  connection: Connection,
  wanted: Wanted,
  context: CliContext,
): Promise<Result> {
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, context.signal]);
  const timer = context.clock.sleep(wanted.timeoutMs, signal).then(
    () => over.abort(),
    () => undefined,
  );
  const waiting = new Waiting(connection, wanted);
  const verdict = await verdictBy(waiting, context, signal);
  over.abort();
  await timer;
  const view = waiting.last === undefined ? undefined : viewOf(waiting.last);
  const now = view === undefined ? 'it does not exist' : `${view.reason}: ${view.message}`;
  const outcome = verdict === 'holds' ? `${wanted.condition} holds` : verdict;
  return {
    data: { verdict, kind: wanted.target.definition.kind, name: wanted.target.name, ...view },
    lines: [`${nameOf(wanted.target)}: ${outcome} (${now})`],
    code: CODES[verdict],
  };
}

function conditionName(text: string): string {
  const name = text.replace(/^condition=/, '');
  if (/^[A-Z][A-Za-z]{0,63}$/.test(name)) return name;
  throw badArgument('Write the type of a condition, such as Ready.');
}

interface WaitOptions extends AnswerOptions {
  readonly for: string;
  readonly timeout: number;
  readonly failOnAction?: boolean;
}

/** `lamina wait` */
export const waitCommand: AddCommand = (program, context, finish) => {
  const command = program
    .command('wait')
    .description('Wait until an object is ready, or says that it never will be.')
    .argument('<kind/name>', 'what to wait for', parseTarget)
    .option('--for <condition>', 'the condition that must hold', conditionName, 'Ready')
    .addOption(
      new Option('--timeout <duration>', 'longest wait, such as 90s or 30m')
        .argParser(durationArgument(0))
        .default(30 * 60_000, '30m'),
    )
    .option('--fail-on-action', 'end with exit code 4 when a person must act')
    .addHelpText('after', HELP);
  withAnswer(command).action(async (target: Target, options: WaitOptions) => {
    const wanted = {
      target,
      condition: options.for,
      timeoutMs: options.timeout,
      failOnAction: options.failOnAction === true,
      changed: (text: string) => context.stderr.write(`${harmless(text)}\n`),
    };
    const ask = (connection: Connection) => waitFor(connection, wanted, context);
    finish(await printAnswer(options, context, ask));
  });
};
