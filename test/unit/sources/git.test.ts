import { access, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../src/host/run.ts';
import { readGit, type GitRequest } from '../../../src/sources/git.ts';
import { parseGitUrl } from '../../../src/sources/git-url.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { workTree } from '../../support/git.ts';
import { describe, expect, it } from '../../support/runner.ts';

const environment = { PATH: process.env['PATH'], HOME: '/nonexistent' };
const signal = new AbortController().signal;

function repository(request: GitRequest) {
  return {
    read: async () => {
      const snapshot = await readGit(request, signal);
      if (snapshot === undefined) throw new Error('nothing was known');
      return snapshot;
    },
  };
}

async function rig() {
  const folder = await temporaryFolder();
  const tree = await workTree(join(folder.path, 'work'));
  const open = (selected = '', cache = 'cache') =>
    repository({
      location: parseGitUrl(`${tree.path}/.git${selected}`, { allowLocal: true }),
      cache: join(folder.path, cache),
      environment,
    });
  return { folder, tree, open, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

function found(snapshot: { files: readonly { path: string }[] }): string[] {
  return snapshot.files.map(({ path }) => path);
}

describe('readGit', () => {
  it('reads manifests of the newest commit, in order, and nothing else', async () => {
    await using t = await rig();
    await t.tree.write('b/x.yaml', 'b: 1\n');
    await t.tree.write('a.yml', 'a: é\n');
    await t.tree.write('c.json', '{}');
    await t.tree.write('notes.txt', 'no');
    await t.tree.write('.github/workflows/ci.yaml', 'on: push');
    const commit = await t.tree.commit();
    const snapshot = await t.open().read();
    expect(snapshot).toEqual({
      revision: commit,
      files: [
        { path: 'a.yml', text: 'a: é\n' },
        { path: 'b/x.yaml', text: 'b: 1\n' },
        { path: 'c.json', text: '{}' },
      ],
      problems: [],
    });
  });

  it('follows commits, rewritten history and a reverted one', async () => {
    await using t = await rig();
    const source = t.open('#main');
    await t.tree.write('a.yaml', 'v: 1\n');
    const first = await t.tree.commit();
    expect((await source.read()).revision).toBe(first);
    await t.tree.write('a.yaml', 'v: 2\n');
    const second = await t.tree.commit();
    expect((await source.read()).files[0]?.text).toBe('v: 2\n');
    await t.tree.git('checkout', '-q', '--orphan', 'fresh');
    await t.tree.write('a.yaml', 'v: 3\n');
    const forced = await t.tree.commit();
    await t.tree.git('branch', '-M', 'fresh', 'main');
    expect([first, second]).not.toContain(forced);
    expect((await source.read()).files[0]?.text).toBe('v: 3\n');
    await t.tree.git('reset', '-q', '--hard', first);
    expect((await source.read()).revision).toBe(first);
  });

  it('selects a branch and a folder', async () => {
    await using t = await rig();
    await t.tree.write('a.yaml', 'a');
    await t.tree.commit();
    await t.tree.git('checkout', '-q', '-b', 'release/1');
    await t.tree.write('lab/b.yaml', 'b');
    await t.tree.write('labs/c.yaml', 'c');
    await t.tree.commit();
    expect(found(await t.open('#main').read())).toEqual(['a.yaml']);
    expect(found(await t.open('#release/1:lab', 'two').read())).toEqual(['lab/b.yaml']);
  });

  it('tells a missing branch from an unreachable remote, and recovers from both', async () => {
    await using t = await rig();
    await t.tree.write('a.yaml', 'a');
    await t.tree.commit();
    const later = t.open('#later');
    await expect(later.read()).rejects.toMatchObject({ code: 'BranchMissing' });
    await t.tree.git('branch', 'later');
    expect(found(await later.read())).toEqual(['a.yaml']);
    const gone = t.open('', 'three');
    const hidden = join(t.folder.path, 'hidden');
    await rename(t.tree.path, hidden);
    await expect(gone.read()).rejects.toMatchObject({
      code: 'RepositoryUnreachable',
      consequence: 'Transient',
    });
    await rename(hidden, t.tree.path);
    expect(found(await gone.read())).toEqual(['a.yaml']);
  });

  it('survives what a kill leaves behind in its cache', async () => {
    await using t = await rig();
    await t.tree.write('a.yaml', 'v: 1\n');
    await t.tree.commit();
    await t.open().read();
    const cache = join(t.folder.path, 'cache');
    await t.tree.write('a.yaml', 'v: 2\n');
    await t.tree.commit();
    await writeFile(join(cache, 'shallow.lock'), '');
    await mkdir(join(cache, 'refs/lamina'), { recursive: true });
    await writeFile(join(cache, 'refs/lamina/head.lock'), '');
    const source = t.open();
    await expect(source.read()).rejects.toMatchObject({ consequence: 'Transient' });
    expect((await source.read()).files[0]?.text).toBe('v: 2\n');
  });
});

describe('the cache', () => {
  it('keeps what is fetched as packs, however little it is', async () => {
    await using t = await rig();
    await t.tree.write('a.yaml', 'a');
    await t.tree.commit();
    await t.open().read();
    const objects = await readdir(join(t.folder.path, 'cache/objects'));
    expect(objects.sort()).toEqual(['info', 'pack'].filter((name) => objects.includes(name)));
    expect(objects).toContain('pack');
  });

  it('is made anew when a kill left half a pack, or many fetches too much', async () => {
    await using t = await rig();
    await t.tree.write('a.yaml', 'a');
    await t.tree.commit();
    await t.open().read();
    const packs = join(t.folder.path, 'cache/objects/pack');
    const names = ['tmp_pack_abc123', ...Array.from({ length: 150 }, (_, i) => `pack-${i}.keep`)];
    for (const name of [names.slice(0, 1), names.slice(1)]) {
      for (const file of name) await writeFile(join(packs, file), '');
      expect(found(await t.open().read())).toEqual(['a.yaml']);
      const left = await readdir(packs);
      expect(left.filter((file) => names.includes(file))).toEqual([]);
    }
  });
});

describe('hostile repositories', () => {
  it.each([
    {
      why: 'a listing that breaks off, as at the end of a limit on the stack',
      words: 'ls-tree',
      signal: 'SEGV',
      code: 'RepositoryTooLarge',
    },
    { why: 'a listing, by the host', words: 'ls-tree', signal: 'KILL', code: 'GitKilled' },
    { why: 'a look, by the host', words: 'ls-remote', signal: 'KILL', code: 'GitKilled' },
    { why: 'a fetch, by the host', words: 'fetch', signal: 'KILL', code: 'GitKilled' },
    {
      why: 'a program of git, by the host',
      words: 'index-pack',
      signal: 'KILL',
      code: 'GitKilled',
    },
    { why: 'content, by the host', words: 'cat-file', signal: 'KILL', code: 'GitKilled' },
  ])('says why reading ended that was killed: $why', async ({ words, signal: by, code }) => {
    await using t = await rig();
    await t.tree.write('a.yaml', 'a');
    await t.tree.commit();
    const bin = join(t.folder.path, 'bin');
    await mkdir(bin);
    // Its own git is also the one that git starts. The listing has begun when it ends.
    const script = `#!/bin/sh
case "$*" in
*${words}*) printf "100644 blob %040d 1\\ta.yaml\\0" 1; kill -${by} $$;;
esac
exec /usr/bin/git --exec-path=${bin} "$@"
`;
    await writeFile(join(bin, 'git'), script, { mode: 0o755 });
    const broken = repository({
      location: parseGitUrl(`${t.tree.path}/.git`, { allowLocal: true }),
      cache: join(t.folder.path, 'cache'),
      environment: { ...environment, PATH: `${bin}:${process.env['PATH']}` },
    });
    await expect(broken.read()).rejects.toMatchObject({ code });
  });

  it('follows no link, enters no submodule and says so', async () => {
    await using t = await rig();
    await t.tree.link('absolute.yaml', '/etc/passwd');
    await t.tree.link('up.yaml', '../../../../etc/passwd');
    await t.tree.link('chain.yaml', 'up.yaml');
    await t.tree.link('folder', '/etc');
    await t.tree.write('good.yaml', 'a');
    await t.tree.git('add', '-A');
    const commit = 'a'.repeat(40);
    await t.tree.git('update-index', '--add', '--cacheinfo', `160000,${commit},sub.yaml`);
    await t.tree.git('commit', '-qm', 'links');
    const { files, problems } = await t.open().read();
    expect(found({ files })).toEqual(['good.yaml']);
    expect(problems.map(({ file, message }) => `${file}: ${message.slice(0, 20)}`)).toEqual([
      'absolute.yaml: is a symbolic link, ',
      'chain.yaml: is a symbolic link, ',
      'sub.yaml: is no regular file',
      'up.yaml: is a symbolic link, ',
    ]);
  });

  it('bounds files and refuses what is no text', async () => {
    await using t = await rig();
    await t.tree.write('big.yaml', Buffer.alloc(2 ** 20 + 1, 'a'));
    await t.tree.write('wide.yaml', Buffer.from('\uFEFFa: 1', 'utf16le'));
    await t.tree.write('line\nbreak.yaml', 'a');
    await t.tree.commit();
    const { files, problems } = await t.open().read();
    expect(files).toEqual([]);
    expect(problems.map(({ file, message }) => `${file} ${message}`)).toEqual([
      'big.yaml is larger than 1 MiB',
      '"line\\nbreak.yaml" the name holds control characters',
      'wide.yaml is UTF-16: save it as UTF-8',
    ]);
  });

  it('runs no hook, filter or helper that a repository or its host brings', async () => {
    await using t = await rig();
    const proof = join(t.folder.path, 'proof');
    await t.tree.write('.gitattributes', '*.yaml filter=evil diff=evil export-subst ident\n');
    await t.tree.write('.gitmodules', `[submodule "a"]\n\tpath = a\n\turl = ext::touch ${proof}\n`);
    await t.tree.write('a.yaml', 'a: $Id$\n');
    await t.tree.git('config', 'filter.evil.smudge', `touch ${proof}`);
    await t.tree.commit();
    const cache = join(t.folder.path, 'cache');
    await mkdir(join(cache, 'hooks'), { recursive: true });
    for (const hook of ['reference-transaction', 'post-merge', 'pre-auto-gc']) {
      await writeFile(join(cache, 'hooks', hook), `#!/bin/sh\ntouch ${proof}\n`, { mode: 0o755 });
    }
    const { files } = await t.open().read();
    expect(files).toEqual([{ path: 'a.yaml', text: 'a: $Id$\n' }]);
    await expect(access(proof)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    { why: 'its own metadata', name: '.git', want: [] },
    { why: 'the folder above', name: '..', want: [] },
    { why: 'the folder itself', name: '.', want: [] },
    { why: 'a path of another system', name: '..\\..\\etc', want: [] },
    { why: 'an option', name: '--output=x', want: ['--output=x/x.yaml'] },
    { why: 'an encoded path', name: '%2e%2e', want: ['%2e%2e/x.yaml'] },
  ])('reads a tree whose folder is called like $why', async ({ name, want }) => {
    await using t = await rig();
    await t.tree.write('payload', 'a: 1\n');
    const blob = await t.tree.git('hash-object', '-w', 'payload');
    const mktree = async (line: string) =>
      (
        await run('git', ['mktree'], {
          cwd: t.tree.path,
          env: { PATH: process.env['PATH'] ?? '' },
          stdin: `${line}\n`,
        })
      ).stdout.trim();
    const inner = await mktree(`100644 blob ${blob}\tx.yaml`);
    const outer = await mktree(`040000 tree ${inner}\t${name}`);
    const commit = await t.tree.git('commit-tree', outer, '-m', 'evil');
    await t.tree.git('update-ref', 'refs/heads/main', commit);
    const { files, problems } = await t.open().read();
    expect(found({ files })).toEqual(want);
    expect(problems).toEqual([]);
  });
});
