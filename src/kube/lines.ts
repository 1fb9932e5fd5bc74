import { Failure } from '../core/failure.ts';
import { LineSplitter } from '../core/lines.ts';

/** The lines of a stream of bytes, without those that are empty. Fails if the last one is half. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  const splitter = new LineSplitter(maxBytes, () => {
    throw new Failure({
      consequence: 'Transient',
      code: 'LineTooLong',
      message: `the API server sent a watch event of more than ${maxBytes} bytes`,
    });
  });
  for await (const chunk of chunks) {
    for (const line of splitter.push(chunk)) if (line.trim() !== '') yield line;
  }
  if (splitter.isHalf) {
    throw new Failure({
      consequence: 'Lost',
      code: 'StreamCut',
      message: 'the API server closed a watch in the middle of an event',
    });
  }
}

/** All bytes of a body as text, within a bound. */
export async function textOf(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new Failure({
        consequence: 'Transient',
        code: 'AnswerTooLarge',
        message: `the API server sent an answer of more than ${maxBytes} bytes`,
      });
    }
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString('utf8');
}
