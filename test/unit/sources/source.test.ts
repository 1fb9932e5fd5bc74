import { appendFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { denied, transient } from '../../../src/core/failure.ts';
import { systemClock } from '../../../src/host/clock.ts';
import { silentLog, jsonLog } from '../../../src/host/log.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { parseGitUrl } from '../../../src/sources/git-url.ts';
import type { Reading, Source } from '../../../src/sources/reading.ts';
import { startSource, type RunningSource } from '../../../src/sources/source.ts';
import { watchDirectory } from '../../../src/sources/watch-directory.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { ManualClock } from '../../support/clock.ts';
import { eventually } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { workTree } from '../../support/git.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { readingOf, sourceHere } from '../../support/source.ts';

const CONNECTORS = '/apis/lamina.dev/v1alpha1/connectorconfigs';

function connector(name: string, cpus = 1): string {
  return `---\napiVersion: lamina.dev/v1alpha1\nkind: ConnectorConfig\nmetadata: {name: ${name}}\nspec: {local: {cpus: ${cpus}}}\n`;
}

function recorder() {
  const lines: string[] = [];
  const log = jsonLog(
    (line) => {
      const { level, message, problem } = JSON.parse(line) as Record<string, string>;
      lines.push([level, message, problem].filter(Boolean).join(' '));
    },
    () => 0,
    { level: 'debug' },
  );
  return { lines, log };
}

function start(source: Source, api: ApiDouble, pollMs = 60_000): RunningSource {
  return startSource({
    name: 's',
    source,
    client: kubeClient(api.transport),
    clock: systemClock,
    random: () => 0.5,
    log: recorder().log,
    pollMs,
  });
}

function watchedDirectory(path: string): Source {
  return sourceHere({ kind: 'directory', path }, (changed) =>
    watchDirectory(path, silentLog, changed),
  );
}

function names(api: ApiDouble): string[] {
  return api.all(CONNECTORS).map(({ metadata }) => metadata.name as string);
}

describe('startSource', () => {
  it('keeps a directory applied, told by its watch', async () => {
    await using folder = await temporaryFolder();
    const api = new ApiDouble();
    const running = start(watchedDirectory(folder.path), api);
    await writeFile(join(folder.path, 'a.yaml'), connector('one'));
    await eventually(() => names(api).join() === 'one', 'the first file');
    await appendFile(join(folder.path, 'a.yaml'), connector('two'));
    await eventually(() => names(api).join() === 'one,two', 'the second file');
    await writeFile(join(folder.path, 'b.yaml'), 'kind: nonsense\n');
    await eventually(() => running.status().problems.length === 1, 'a problem');
    await rm(join(folder.path, 'b.yaml'));
    await writeFile(join(folder.path, 'a.yaml'), connector('two'));
    await eventually(
      () => names(api).join() === 'two' && running.status().problems.length === 0,
      'the first file is gone',
    );
    const { revision, appliedRevision, checkedAt } = running.status();
    expect(appliedRevision).toBe(revision);
    expect(checkedAt).toBeGreaterThan(1_700_000_000_000);
    await running.stop();
  });

  it('keeps a branch applied, and what is applied while the remote is away', async () => {
    await using folder = await temporaryFolder();
    const tree = await workTree(join(folder.path, 'work'));
    await tree.write('a.yaml', connector('one') + connector('two'));
    await tree.commit();
    const api = new ApiDouble();
    const location = parseGitUrl(`${tree.path}/.git#main`, { allowLocal: true });
    const place = { kind: 'git', location, cache: join(folder.path, 'cache') } as const;
    const running = start(sourceHere(place), api, 100);
    await eventually(() => names(api).length === 2, 'two objects');
    await tree.git('branch', '-m', 'main', 'away');
    await eventually(
      () => /BranchMissing/.test(running.status().problems[0]?.message ?? ''),
      'no branch',
    );
    expect(names(api)).toHaveLength(2);
    await tree.git('branch', '-m', 'away', 'main');
    await tree.write('a.yaml', connector('one'));
    const commit = await tree.commit();
    await eventually(() => running.status().appliedRevision === commit, 'the commit');
    expect(names(api)).toEqual(['one']);
    await running.stop();
  });

  it('tells the same trouble once, and that it is over', async () => {
    const good = readingOf(connector('one'));
    const script: (() => Reading)[] = [
      () => {
        throw transient('Gone', 'no route');
      },
      () => {
        throw transient('Gone', 'no route');
      },
      () => {
        throw denied('NoRight', 'not yours', 'Ask.');
      },
      () => good,
      () => good,
    ];
    const clock = new ManualClock();
    const { lines, log } = recorder();
    let reads = 0;
    const source: Source = {
      read: async () => {
        const step = script[Math.min(reads, script.length - 1)];
        reads += 1;
        return step?.() ?? good;
      },
    };
    const client = kubeClient(new ApiDouble().transport);
    const common = { name: 's', pollMs: 60_000, random: () => 0.5 };
    const running = startSource({ ...common, source, client, clock, log });
    for (let pass = 1; pass <= script.length; pass += 1) {
      await eventually(() => reads === pass && clock.waiting > 0, 'the next pass');
      clock.advance(60_000);
    }
    await eventually(() => reads > script.length && clock.waiting > 0, 'the last pass');
    await running.stop();
    expect(lines).toEqual([
      'warn source has a problem .:1:1: Gone: no route',
      'warn source has a problem .:1:1: NoRight: not yours',
      'info source applied',
      'info source is well again',
    ]);
  });
});
