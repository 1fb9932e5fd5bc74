import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleGit, type SimpleGit } from 'simple-git';
import { denied, messageOf, transient, type Failure } from '../core/failure.ts';
import type { GitLocation } from './git-url.ts';
import { SOURCE_LIMITS } from './snapshot.ts';

/** One entry of a tree. */
export interface TreeEntry {
  /** Octal, as git writes it: 100644 and 100755 are files, 120000 a symbolic link. */
  readonly mode: string;
  readonly object: string;
  readonly sizeBytes: number;
  readonly path: string;
}

const REF = 'refs/lamina/head';
const TIMEOUT_MS = 300_000;
/** Largest packed size of one shallow commit. */
const MAX_PACK_KIB = 1 << 20;

/** Variables of ours that git, curl and ssh may see; nothing else reaches them. */
const PASSED = [
  'PATH',
  'HOME',
  'SSH_AUTH_SOCK',
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'SSL_CERT_FILE',
];

/*
 * The repository's own config is the only one that git reads. Nothing in it comes from the remote:
 * hooks, helpers, submodules, redirects and every protocol but one are off.
 */
function config(protocol: GitLocation['protocol']): string {
  return `[core]
	repositoryformatversion = 0
	bare = true
	hooksPath = /dev/null
	fsmonitor = false
	logAllRefUpdates = false
	symlinks = false
	askPass =
	sshCommand = ssh -o BatchMode=yes -o ConnectTimeout=15
[credential]
	helper =
[protocol]
	allow = never
[protocol "${protocol}"]
	allow = always
[http]
	followRedirects = false
	lowSpeedLimit = 1000
	lowSpeedTime = 30
[fetch]
	recurseSubmodules = false
[gc]
	autoDetach = false
	pruneExpire = now
[maintenance]
	autoDetach = false
`;
}

function failure(location: GitLocation, error: unknown): Failure {
  const words = messageOf(error)
    .split('\n')
    .filter((line) => /^(fatal|error|ERROR|remote|ssh|Host key)/.test(line))
    .join('; ')
    .slice(0, 500);
  const message = `${location.url}: ${words === '' ? messageOf(error).slice(0, 500) : words}`;
  if (/couldn't find remote ref/i.test(message)) {
    return denied('BranchMissing', message, 'Push the branch, or name another one.');
  }
  if (
    /authentication failed|could not read (username|password)|permission denied|terminal prompts/i.test(
      message,
    )
  ) {
    return denied('RepositoryDenied', message, 'Give the controller the right to read it.');
  }
  return transient('RepositoryUnreachable', message, error);
}

function parseEntry(line: string): TreeEntry | undefined {
  const match = /^([0-7]{6}) \S+ ([0-9a-f]{40,64}) +(\d+|-)\t([^]+)$/.exec(line);
  if (match === null) return undefined;
  const [, mode = '', object = '', size, path = ''] = match;
  return { mode, object, sizeBytes: size === '-' ? 0 : Number(size), path };
}

/** A bare repository that caches one commit of a remote. It never has a working tree. */
export class GitRepository {
  private readonly folder: string;
  private readonly location: GitLocation;
  private readonly environment: Readonly<Record<string, string>>;
  private ready = false;

  constructor(
    folder: string,
    location: GitLocation,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.folder = folder;
    this.location = location;
    const passed = PASSED.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    this.environment = {
      ...Object.fromEntries(passed),
      LC_ALL: 'C.UTF-8',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ALLOW_PROTOCOL: location.protocol,
      GIT_PROTOCOL_FROM_USER: '0',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_DIR: folder,
    };
  }

  private git(signal: AbortSignal, stdin?: string): SimpleGit {
    return simpleGit({
      baseDir: this.folder,
      abort: signal,
      // The limit is for the whole command: output does not prolong it.
      timeout: { block: TIMEOUT_MS, stdErr: false, stdOut: false },
      // These two make our own settings stricter, not looser.
      unsafe: { allowUnsafeConfigPaths: true, allowUnsafeProtocolOverride: true },
      allowEnvironment: Object.keys(this.environment),
      input: () => stdin,
    }).env({ ...this.environment });
  }

  /** These are all the parts of an empty repository; `git init` would add hooks of the host. */
  private async prepare(): Promise<void> {
    if (this.ready) return;
    for (const part of ['objects', 'refs']) {
      await mkdir(join(this.folder, part), { recursive: true, mode: 0o700 });
    }
    await writeFile(join(this.folder, 'config'), config(this.location.protocol));
    await writeFile(join(this.folder, 'HEAD'), 'ref: refs/heads/none\n');
    this.ready = true;
  }

  /** Brings the newest commit here and returns its id. A history that was rewritten is no matter. */
  async fetch(signal: AbortSignal): Promise<string> {
    const { url, branch } = this.location;
    const from = branch === undefined ? 'HEAD' : `refs/heads/${branch}`;
    try {
      await this.prepare();
      const options = ['-q', '--force', '--depth=1', '--no-tags', '--no-write-fetch-head'];
      const place = ['--no-recurse-submodules', '--', url, `+${from}:${REF}`];
      await this.git(signal).raw('fetch', ...options, ...place);
      const counted = await this.git(signal).raw('count-objects', '-v');
      if (Number(/^size-pack: (\d+)$/m.exec(counted)?.[1]) > MAX_PACK_KIB) {
        throw new Error('fatal: one commit is larger than 1 GiB');
      }
      return (await this.git(signal).raw('rev-parse', `${REF}^{commit}`)).trim();
    } catch (error) {
      // It is a cache: after a kill, a lock or a torn pack the next try starts from nothing.
      this.ready = false;
      await rm(this.folder, { recursive: true, force: true });
      throw failure(this.location, error);
    }
  }

  /** All entries of a commit, below a folder of it. */
  async tree(commit: string, signal: AbortSignal): Promise<readonly TreeEntry[]> {
    const { folder } = this.location;
    const below = folder === undefined ? [] : ['--', `${folder}/`];
    const options = ['-r', '-z', '-l', '--full-tree'];
    const text = await this.git(signal).raw('ls-tree', ...options, commit, ...below);
    return text
      .split('\0')
      .slice(0, SOURCE_LIMITS.entries + 1)
      .flatMap((line) => parseEntry(line) ?? []);
  }

  /** The content of some objects, in their order. */
  async blobs(objects: readonly string[], signal: AbortSignal): Promise<readonly Uint8Array[]> {
    if (objects.length === 0) return [];
    const git = this.git(signal, `${objects.join('\n')}\n`);
    const output = (await git.binaryCatFile(['--batch'])) as Uint8Array;
    const blobs: Uint8Array[] = [];
    for (let start = 0; blobs.length < objects.length;) {
      const end = output.indexOf(10, start);
      const header = Buffer.from(output.subarray(start, Math.max(start, end))).toString('latin1');
      const size = /^[0-9a-f]+ blob (\d+)$/.exec(header)?.[1];
      if (size === undefined) {
        throw transient('RepositoryTorn', `${this.location.url}: an object is missing`);
      }
      blobs.push(output.subarray(end + 1, end + 1 + Number(size)));
      start = end + 2 + Number(size);
    }
    return blobs;
  }
}
