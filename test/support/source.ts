import { systemClock } from '../../src/host/clock.ts';
import { readSource } from '../../src/sources/read-source.ts';
import {
  readOnce,
  type Reading,
  type Source,
  type SourcePlace,
} from '../../src/sources/reading.ts';
import { validateSnapshot } from '../../src/sources/validate.ts';

/** What the text of one file declares. */
export function readingOf(text: string, path = 'a.yaml'): Reading {
  return { revision: 'r', ...validateSnapshot({ files: [{ path, text }], problems: [] }) };
}

/** A source that is read in this process, which costs no start of another one. */
export function sourceHere(place: SourcePlace, watch?: Source['watch']): Source {
  return readOnce(place, {
    namespace: 'default',
    read: (request, signal) =>
      readSource(request, {
        signal,
        clock: systemClock,
        environment: { PATH: process.env['PATH'] },
        onRevision: () => undefined,
        onFile: () => undefined,
      }),
    ...(watch === undefined ? {} : { watch }),
  });
}
