import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../src/host/run.ts';

const ENVIRONMENT = {
  PATH: process.env['PATH'] ?? '',
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example',
};

/** A repository with a working tree that tests commit to. */
export interface WorkTree {
  readonly path: string;
  git(...args: readonly string[]): Promise<string>;
  write(path: string, text: string | Uint8Array): Promise<void>;
  link(path: string, target: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Commits everything and returns the commit. */
  commit(): Promise<string>;
}

/** Makes a repository in a folder. */
export async function workTree(path: string): Promise<WorkTree> {
  await mkdir(path, { recursive: true });
  const git = async (...args: readonly string[]) =>
    (await run('git', args, { cwd: path, env: ENVIRONMENT })).stdout.trim();
  await git('init', '-q', '-b', 'main');
  return {
    path,
    git,
    write: async (name, text) => {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), text);
    },
    link: async (name, target) => {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await symlink(target, join(path, name));
    },
    remove: (name) => rm(join(path, name), { recursive: true }),
    commit: async () => {
      await git('add', '-A');
      await git('commit', '-q', '--allow-empty', '-m', 'change');
      return git('rev-parse', 'HEAD');
    },
  };
}
