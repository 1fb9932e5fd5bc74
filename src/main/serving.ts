import { once } from 'node:events';
import type { CliContext } from '../cli/context.ts';
import { systemClock } from '../host/clock.ts';
import { jsonLog, type Log, type LogLevel } from '../host/log.ts';

/** How long a start that nobody wants any more may take to undo what it did. */
const START_GRACE_MS = 5000;

/** What runs until it is closed. */
interface Closable {
  close(): Promise<void>;
}

/** The log of a command that serves: JSON lines on standard error. */
export function logOf({ stderr, clock }: CliContext, level: LogLevel): Log {
  return jsonLog(
    (line) => stderr.write(line),
    () => clock.now(),
    { level },
  );
}

/** What is begun, or undefined if the end is asked for first; what comes later is closed again. */
async function unlessAborted<Running extends Closable>(
  starting: Promise<Running>,
  signal: AbortSignal,
): Promise<Running | undefined> {
  const asked = signal.aborted ? Promise.resolve() : once(signal, 'abort');
  const running = await Promise.race([starting, asked.then(() => undefined)]);
  if (running === undefined) {
    const over = new AbortController();
    const closed = starting.then((late) => late.close()).catch(() => undefined);
    // Whoever waits must not hold the process longer than what it waits for.
    const late = systemClock.sleep(START_GRACE_MS, over.signal).catch(() => undefined);
    await Promise.race([closed, late]);
    over.abort();
  }
  return running;
}

/** Says `ready` when what is begun runs, and closes it when the end is asked for. */
export async function untilAborted<Running extends Closable>(
  starting: Promise<Running>,
  { signal, stdout }: CliContext,
  tell: (running: Running) => string,
): Promise<void> {
  const running = await unlessAborted(starting, signal);
  if (running === undefined) return;
  stdout.write(`ready ${tell(running)}\n`);
  if (!signal.aborted) await once(signal, 'abort');
  await running.close();
}
