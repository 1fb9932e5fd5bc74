import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { systemClock } from '../host/clock.ts';
import { readSource } from '../sources/read-source.ts';
import type { ReadRequest } from '../sources/reading.ts';
import { failureLine, fileLine, readingLines, revisionLine } from '../sources/reading-lines.ts';

/*
 * The process that reads one revision of a source: the request is the first line of standard input, and the end
 * of that means that nobody waits for the answer any more.
 */
const stop = new AbortController();
const input = createInterface({ input: process.stdin });
input.on('close', () => stop.abort());

/** Waits where the reader of the pipe is slower, instead of keeping all that it has not taken. */
async function say(line: string): Promise<void> {
  if (!process.stdout.write(line)) await once(process.stdout, 'drain');
}

try {
  const { promise: request, resolve, reject } = Promise.withResolvers<string>();
  input.once('line', resolve).once('error', reject);
  const reading = await readSource(JSON.parse(await request) as ReadRequest, {
    clock: systemClock,
    environment: process.env,
    signal: stop.signal,
    onRevision: (revision) => process.stdout.write(revisionLine(revision)),
    onFile: (file) => process.stdout.write(fileLine(file)),
  });
  for (const line of readingLines(reading)) await say(line);
} catch (error) {
  await say(failureLine(error));
} finally {
  process.stdin.destroy();
}
