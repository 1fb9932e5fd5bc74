import { appendFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonLog, silentLog } from '../../../src/host/log.ts';
import { run } from '../../../src/host/run.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { readDirectory, readSettled } from '../../../src/sources/directory.ts';
import { watchDirectory } from '../../../src/sources/watch-directory.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { PATIENCE_MS } from '../../support/until.ts';

describe('readDirectory', () => {
  it('reads manifests in order and leaves hidden files alone', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'sub/.hidden'), { recursive: true });
    for (const name of ['z.yaml', 'sub/a.yml', 'sub/.hidden/b.yaml', '.c.yaml', 'd.txt']) {
      await writeFile(join(folder.path, name), 'a: 1\n');
    }
    const { files, problems, revision } = await readDirectory(folder.path);
    expect(files.map(({ path }) => path)).toEqual(['sub/a.yml', 'z.yaml']);
    expect(problems).toEqual([]);
    await writeFile(join(folder.path, 'd.txt'), 'other');
    expect((await readDirectory(folder.path)).revision).toBe(revision);
    await appendFile(join(folder.path, 'z.yaml'), 'b: 2\n');
    expect((await readDirectory(folder.path)).revision).not.toBe(revision);
  });

  it('reads one file that is named, whatever its ending', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'notes'), 'a: 1\n');
    const { files } = await readDirectory(join(folder.path, 'notes'));
    expect(files).toEqual([{ path: 'notes', text: 'a: 1\n' }]);
  });

  it('refuses links, pipes and large files without touching them', async () => {
    await using folder = await temporaryFolder();
    await symlink('/etc/passwd', join(folder.path, 'link.yaml'));
    await symlink('/etc', join(folder.path, 'folder'));
    await run('mkfifo', [join(folder.path, 'pipe.yaml')]);
    await writeFile(join(folder.path, 'big.yaml'), Buffer.alloc(2 ** 20 + 1));
    const { files, problems } = await readDirectory(folder.path);
    expect(files).toEqual([]);
    expect(problems.map(({ file }) => file)).toEqual(['big.yaml', 'link.yaml', 'pipe.yaml']);
  });

  it('says that a path is missing', async () => {
    await expect(readDirectory('/no/such/path')).rejects.toMatchObject({
      code: 'SourceUnreadable',
      consequence: 'Denied',
    });
  });
});

describe('watchDirectory', () => {
  it('tells of changes below, and of new folders', async () => {
    await using folder = await temporaryFolder();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const waiting: { wake?: () => void } = {};
    const stop = watchDirectory(folder.path, silentLog, () => waiting.wake?.());
    const changed = () => new Promise<void>((resolve) => (waiting.wake = resolve));
    const content = async (): Promise<readonly string[]> => {
      const { files } = await readSettled(folder.path, systemClock, { signal });
      return files.map(({ path, text }) => `${path}=${text}`);
    };
    const until = async (want: readonly string[]) => {
      for (;;) {
        const next = changed();
        const now = await content();
        if (JSON.stringify(now) === JSON.stringify(want)) return;
        await next;
      }
    };
    await writeFile(join(folder.path, 'a.yaml'), '1');
    await until(['a.yaml=1']);
    await mkdir(join(folder.path, 'new/deep'), { recursive: true });
    await writeFile(join(folder.path, 'new/deep/b.yaml'), '2');
    await until(['a.yaml=1', 'new/deep/b.yaml=2']);
    await run('rm', ['-r', join(folder.path, 'new')]);
    await until(['a.yaml=1']);
    await stop();
  });

  it('says that it cannot watch, and why', async () => {
    await using folder = await temporaryFolder();
    const lines: string[] = [];
    const log = jsonLog(
      (line) => lines.push(line),
      () => 0,
      { level: 'warn' },
    );
    // No file system takes a name of this length.
    const path = join(folder.path, 'x'.repeat(300));
    const stop = watchDirectory(path, log, () => undefined);
    await eventually(() => lines.length > 0, 'a warning');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      message: 'a directory is not watched in full',
      path,
      error: expect.stringContaining('ENAMETOOLONG'),
    });
    await stop();
  });
});

describe('readSettled', () => {
  it('does not take a file that is still being written', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.yaml');
    await writeFile(path, 'part');
    let readings = 0;
    const clock = {
      now: () => 0,
      elapsed: () => 0,
      // While the source waits for quiet, the writer goes on twice.
      sleep: async () => {
        readings += 1;
        if (readings <= 2) await appendFile(path, '+part');
      },
    };
    const { files } = await readSettled(folder.path, clock, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    expect(files).toEqual([{ path: 'a.yaml', text: 'part+part+part' }]);
  });
});
