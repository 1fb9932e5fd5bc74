import { fork } from 'node:child_process';
import { once } from 'node:events';
import { flushCompileCache } from 'node:module';
import { NODE_FLAGS } from './child.ts';

type Answering = Readonly<Record<string, (...argument: never[]) => Promise<unknown>>>;

/** A process that answers questions. */
export interface Asked<Answers extends Answering> extends AsyncDisposable {
  readonly pid: number;
  /** One question at a time. */
  ask<Question extends keyof Answers>(
    question: Question,
    ...argument: Parameters<Answers[Question]>
  ): Promise<Awaited<ReturnType<Answers[Question]>>>;
  /** Stops it where it stands, or lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
}

interface Question {
  readonly question: string;
  readonly argument: readonly never[];
}

/** Starts a program that ends with `answerWith`; it ends, whatever it still does, when it is disposed of. */
export async function startAsked<Answers extends Answering>(
  program: string,
  args: readonly string[],
): Promise<Asked<Answers>> {
  const execArgv = ['--expose-gc', ...NODE_FLAGS];
  const child = fork(program, args, { execArgv, serialization: 'advanced' });
  const exit = once(child, 'exit');
  const ended = exit.then(([code]) => {
    throw new Error(`${program} ended with code ${code}`);
  });
  ended.catch(() => undefined);
  const answer = async () => {
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return (message as { answer: never }).answer;
  };
  await answer();
  return {
    pid: child.pid ?? 0,
    ask: (question, ...argument) => {
      const told = answer();
      child.send({ question, argument });
      return told;
    },
    signal: (name) => void child.kill(name),
    [Symbol.asyncDispose]: async () => {
      if (child.connected) child.disconnect();
      await exit;
    },
  };
}

/** Answers whoever started this process, until nobody asks any more. */
export function answerWith(answers: Answering): void {
  process.on('message', ({ question, argument }: Question) => {
    void answers[question]?.(...argument).then((answer) => process.send?.({ answer }));
  });
  // Nothing of what it did is worth finishing then.
  process.once('disconnect', () => process.exit());
  // Whoever starts the same program again need not compile it.
  flushCompileCache();
  process.send?.({ answer: 'ready' });
}
