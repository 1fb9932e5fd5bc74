import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../src/host/run.ts';

/** A git repository that the demo commits to. */
export class Repository {
  readonly path: string;
  private readonly git: (...args: readonly string[]) => Promise<string>;

  private constructor(path: string) {
    this.path = path;
    const who = ['-c', 'user.name=Demo', '-c', 'user.email=demo@example.com'];
    this.git = async (...args) =>
      (await run('git', [...who, ...args], { cwd: path })).stdout.trim();
  }

  /** Makes an empty one. */
  static async create(path: string): Promise<Repository> {
    await mkdir(path, { recursive: true });
    const repository = new Repository(path);
    await repository.git('init', '--quiet', '--initial-branch', 'main');
    return repository;
  }

  /** Writes files and commits them; returns the commit. */
  async commit(message: string, files: ReadonlyMap<string, string>): Promise<string> {
    for (const [name, text] of files) {
      await mkdir(dirname(join(this.path, name)), { recursive: true });
      await writeFile(join(this.path, name), text);
    }
    await this.git('add', '--all');
    await this.git('commit', '--quiet', '--message', message);
    return this.git('rev-parse', '--short', 'HEAD');
  }

  /** Takes the newest commit back by a new one. */
  async revert(): Promise<string> {
    await this.git('revert', '--no-edit', 'HEAD');
    return this.git('rev-parse', '--short', 'HEAD');
  }
}
