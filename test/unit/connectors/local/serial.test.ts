import { existsSync, rmSync, statSync } from 'node:fs';
import { stat, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import {
  cleanLines,
  cutSerialLog,
  heardAt,
  lastLines,
} from '../../../../src/connectors/local/serial.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { describe, expect, it } from '../../../support/runner.ts';

describe('the last lines of a text console', () => {
  it.each([
    { why: 'plain lines stay', raw: 'one\ntwo\n', want: ['one', 'two'] },
    { why: 'a terminal ends lines with both', raw: 'one\r\ntwo\r\n', want: ['one', 'two'] },
    { why: 'empty lines tell nothing', raw: '\n\n  \none\n\n', want: ['one'] },
    { why: 'colours go as a whole', raw: '\u001b[1;31mred\u001b[0m', want: ['red'] },
    { why: 'a title of the window goes', raw: '\u001b]0;own3d\u0007text', want: ['text'] },
    { why: 'C1 begins a sequence in one byte', raw: '\u009b2Jtext', want: ['text'] },
    { why: 'bells and backspaces go', raw: 'a\u0007b\u0008c\u007fd', want: ['abcd'] },
    { why: 'text that runs backwards deceives', raw: 'a\u202eb\u2066c\u200fd', want: ['abcd'] },
    { why: 'other line ends are line ends', raw: 'a\u2028b', want: ['a', 'b'] },
    { why: 'what is not seen goes', raw: 'a\u200bb\ufeffc\ue000', want: ['abc'] },
    { why: 'columns stay apart', raw: 'a\tb', want: ['a b'] },
    { why: 'other scripts are text', raw: 'grüße 日本', want: ['grüße 日本'] },
  ])('$why', ({ raw, want }) => {
    expect(cleanLines(raw)).toEqual(want);
  });

  it('are few and short', () => {
    const many = Array.from({ length: 30 }, (_, i) => `line ${i}`);
    expect(cleanLines(many.join('\n'))).toEqual(many.slice(-10));
    const long = cleanLines(`first\n${'ü'.repeat(5_000)}\nlast`);
    expect(long.at(-1)).toBe('last');
    expect(Buffer.byteLength(long.join('\n'))).toBeLessThanOrEqual(2_048);
    expect(long.join('')).not.toContain('\ufffd');
  });

  it('are none where nothing was said', async () => {
    await using folder = await temporaryFolder();
    const log = join(folder.path, 'serial.log');
    expect(await lastLines(log)).toEqual([]);
    // No log at all is that of an older release, whose machines nobody can call silent.
    expect(await heardAt(log, 17)).toBe(17);
    await writeFile(log, '');
    expect(await lastLines(log)).toEqual([]);
    expect(await heardAt(log, 17)).toBeUndefined();
    await writeFile(log, 'login: ');
    expect(await lastLines(log)).toEqual(['login:']);
    expect(await heardAt(log, 17)).toBe(Math.floor((await stat(log)).mtimeMs));
  });
});

describe('the log of a serial line', () => {
  it('is cut to its end when it is too long, in the very same file', async () => {
    await using folder = await temporaryFolder();
    const log = join(folder.path, 'serial.log');
    await cutSerialLog(log);
    const said = Buffer.alloc(2 ** 20 + 1);
    said.forEach((_, i) => {
      said[i] = i % 251;
    });
    await writeFile(log, said.subarray(1));
    const { ino } = await stat(log);
    await cutSerialLog(log);
    expect((await stat(log)).size).toBe(2 ** 20);
    await writeFile(log, said);
    await cutSerialLog(log);
    expect(await readFile(log)).toEqual(said.subarray(-(2 ** 16)));
    expect((await stat(log)).ino).toBe(ino);
  });

  it('does not come back when its machine is deleted while it is being cut', async () => {
    await using folder = await temporaryFolder();
    const log = join(folder.path, 'serial.log');
    let deleted = false;
    // The moment is missed when the file is emptied just before this thread lets go: then once more.
    while (!deleted) {
      await writeFile(log, Buffer.alloc(2 ** 20 + 1));
      const cut = new AbortController();
      const cutting = cutSerialLog(log).finally(() => cut.abort());
      // The file is emptied in another thread: while this one does not let go, nothing follows that.
      while (!cut.signal.aborted && !deleted) {
        const until = performance.now() + 5;
        while (!deleted && performance.now() < until) {
          deleted = statSync(log).size === 0;
          if (deleted) rmSync(log);
        }
        await turn();
      }
      await cutting;
    }
    expect(existsSync(log)).toBe(false);
  });
});
