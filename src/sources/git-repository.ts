import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simpleGit, type SimpleGit } from 'simple-git';
import { denied, impossible, failureData, messageOf, transient, Failure } from '../core/failure.ts';
import { cleanLine } from '../core/text.ts';
import { isMissing } from '../host/files.ts';
import { Kills } from '../host/kills.ts';
import { endedBy } from '../host/run.ts';
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
/** Most that the cache may hold; it is made anew before it holds more than one commit could bring. */
const MAX_CACHE_BYTES = 2 ** 30;
const MAX_PACKS = 50;
/** Most bytes of a listing: the longest that 100,000 paths of people have, and more. */
const MAX_LISTING_BYTES = 32 * 2 ** 20;
const MAX_REFS_BYTES = 2 ** 20;

/** Variables of ours that git, curl and ssh may see; nothing else reaches them. */
export const GIT_VARIABLES = [
  'PATH',
  'HOME',
  'SSH_AUTH_SOCK',
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  // The authorities of https servers: git hands this to every build of curl, which reads none by itself.
  'GIT_SSL_CAINFO',
];

/*
 * Whatever comes is kept as one pack, however small, so that the limit on a file's size cuts a fetch while it
 * streams. Maintenance would work on what strangers have packed; a cache that grows is thrown away instead.
 *
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
	bigFileThreshold = 8m
	deltaBaseCacheLimit = 16m
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
	unpackLimit = 1
[pack]
	threads = 1
[gc]
	auto = 0
[maintenance]
	auto = false
`;
}

/** What git says when the limits of the process that reads a source end it. */
const OVER_LIMIT =
  /out of memory|malloc failed|unable to create thread|(died of|ended by a) signal|file too large/i;
/** None of our limits ends a program like this. */
const KILLED = /died of signal 9\b/;
/** All that git says when its unpacker is ended by a signal. One that fails gives its reason before. */
const UNPACKER_ENDED = 'fatal: fetch-pack: invalid index-pack output';
const ENDED_BY_SIGNAL = 'fatal: git was ended by a signal';

/** What a person can cure outside of the source, by what git says of it. */
const CURABLE: readonly {
  readonly said: RegExp;
  readonly code: string;
  readonly hint: string;
}[] = [
  {
    said: /couldn't find remote ref/i,
    code: 'BranchMissing',
    hint: 'Push the branch, or name another one.',
  },
  {
    said: /authentication failed|could not read (username|password)|permission denied|terminal prompts/i,
    code: 'RepositoryDenied',
    hint: 'Give the controller the right to read it.',
  },
  {
    said: /returned error: 30\d/i,
    code: 'RepositoryMoved',
    hint: 'Name the address at which the repository itself lies: redirects are not followed.',
  },
  {
    said: /certificate verification failed|SSL certificate problem/i,
    code: 'CertificateRefused',
    hint: 'Start the controller with GIT_SSL_CAINFO=FILE, where FILE holds the authority of the server.',
  },
];

/** What is known of the end of a git beside its words. */
interface GitEnd {
  /** Somebody killed it. */
  readonly wasKilled: boolean;
  /** It had written as much as it may. */
  readonly wasCut?: boolean;
}

function failure(location: GitLocation, error: unknown, end: GitEnd): Failure {
  const known = failureData(error);
  if (known.code !== 'Unexpected') return new Failure(known, error);
  const lines = messageOf(error)
    .split('\n')
    .filter((line) => /^(fatal|error|ERROR|remote|ssh|Host key)/.test(line))
    .map((line) => cleanLine(line));
  const words = lines.join('; ').slice(0, 500);
  const message = `${location.url}: ${words === '' ? messageOf(error).slice(0, 500) : words}`;
  // What the other side lacks is another matter, and may pass.
  const ours = lines.filter((line) => !line.startsWith('remote')).join('; ');
  const unpackerEnded = ours === UNPACKER_ENDED;
  if (end.wasKilled || KILLED.test(ours) || (unpackerEnded && end.wasCut !== true)) {
    return transient('GitKilled', `${location.url}: git ${endedBy('SIGKILL')}`, error);
  }
  if (unpackerEnded || OVER_LIMIT.test(ours)) {
    const hint = 'Keep manifests in a repository of their own, without large files.';
    const what = `one commit is larger than ${MAX_CACHE_BYTES >> 20} MiB, or takes too much to unpack`;
    return impossible('RepositoryTooLarge', `${location.url}: ${what} (${words})`, hint);
  }
  const curable = CURABLE.find(({ said }) => said.test(message));
  if (curable !== undefined) return denied(curable.code, message, curable.hint);
  return transient('RepositoryUnreachable', message, error);
}

/** A program that was killed has no exit code and may have said nothing; half a listing is no listing. */
function failed(
  error: Buffer | Error | undefined,
  { exitCode, stdErr }: { readonly exitCode: number | null; readonly stdErr: readonly Buffer[] },
): Buffer | Error | undefined {
  if (error !== undefined || exitCode === 0) return error;
  const ended = exitCode === null ? ENDED_BY_SIGNAL : `fatal: git ended with ${exitCode}`;
  return new Error(`${Buffer.concat(stdErr).toString()}\n${ended}`);
}

function parseEntry(line: string): TreeEntry | undefined {
  const match = /^([0-7]{6}) (?!tree)\S+ ([0-9a-f]{40,64}) +(\d+|-)\t([^]+)$/.exec(line);
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
    const passed = GIT_VARIABLES.flatMap((name) => {
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
      // What a program has written is complete when it has closed its output, not soon after its end.
      completion: { onClose: true, onExit: false },
      errors: failed,
    }).env({ ...this.environment });
  }

  /** The output of a command; undefined if it was cut because it had too many bytes or lines. */
  private async bounded(
    args: readonly string[],
    most: { readonly bytes: number; readonly ends?: number },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const cut = new AbortController();
    const { bytes, ends = Infinity } = most;
    let left = bytes;
    let endsLeft = ends;
    const git = this.git(AbortSignal.any([signal, cut.signal]));
    git.outputHandler((_command, stdout) => {
      stdout.on('data', (chunk: Uint8Array) => {
        left -= chunk.length;
        for (const byte of chunk) if (byte === 0) endsLeft -= 1;
        if (left < 0 || endsLeft < 0) cut.abort();
      });
    });
    try {
      return await git.raw(...args);
    } catch (error) {
      if (cut.signal.aborted) return undefined;
      throw error;
    }
  }

  /** What a kill left, or many fetches, is not worth mending. */
  private async isOvergrown(): Promise<boolean> {
    const packs = await this.packSizes();
    const bytes = packs.reduce((sum, { size }) => sum + size, 0);
    const isTorn = packs.some(({ name }) => name.startsWith('tmp_'));
    return isTorn || packs.length > 3 * MAX_PACKS || bytes > MAX_CACHE_BYTES;
  }

  private async packSizes(): Promise<readonly { readonly name: string; readonly size: number }[]> {
    const folder = join(this.folder, 'objects', 'pack');
    try {
      const names = await readdir(folder);
      return await Promise.all(
        names.map(async (name) => ({ name, size: (await stat(join(folder, name))).size })),
      );
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** True if a pack ends where no file may become larger: the kernel tells it to nobody but the program. */
  private async isCut(): Promise<boolean> {
    const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
    const most = Number(/^Max file size +(\d+)/m.exec(limits)?.[1] ?? Infinity);
    return (await this.packSizes()).some(({ size }) => size >= most);
  }

  /** Reads from the repository, or fails in the words of this kind of source. */
  private async reading<Result>(work: () => Promise<Result>): Promise<Result> {
    const kills = new Kills();
    try {
      return await work();
    } catch (error) {
      throw failure(this.location, error, kills);
    } finally {
      kills.stop();
    }
  }

  /** These are all the parts of an empty repository; `git init` would add hooks of the host. */
  private async prepare(): Promise<void> {
    if (this.ready) return;
    if (await this.isOvergrown()) await rm(this.folder, { recursive: true, force: true });
    for (const part of ['objects', 'refs']) {
      await mkdir(join(this.folder, part), { recursive: true, mode: 0o700 });
    }
    await writeFile(join(this.folder, 'config'), config(this.location.protocol));
    await writeFile(join(this.folder, 'HEAD'), 'ref: refs/heads/none\n');
    this.ready = true;
  }

  private get remoteRef(): string {
    const { branch } = this.location;
    return branch === undefined ? 'HEAD' : `refs/heads/${branch}`;
  }

  /** The id of the newest commit, which may not be here yet. */
  async newest(signal: AbortSignal): Promise<string> {
    const { url } = this.location;
    return this.reading(async () => {
      await this.prepare();
      const asked = ['ls-remote', '-q', '--', url, this.remoteRef];
      const refs = await this.bounded(asked, { bytes: MAX_REFS_BYTES }, signal);
      // The pattern also finds refs that end like ours.
      const found = refs
        ?.split('\n')
        .map((line) => /^([0-9a-f]{40,64})\t(.+)$/.exec(line))
        .find((match) => match?.[2] === this.remoteRef)?.[1];
      if (found === undefined) throw new Error(`fatal: couldn't find remote ref ${this.remoteRef}`);
      return found;
    });
  }

  /** Brings the newest commit here and returns its id. A history that was rewritten is no matter. */
  async fetch(signal: AbortSignal): Promise<string> {
    const kills = new Kills();
    try {
      await this.prepare();
      const options = ['-q', '--force', '--depth=1', '--no-tags', '--no-write-fetch-head'];
      const from = ['--', this.location.url, `+${this.remoteRef}:${REF}`];
      await this.git(signal).raw('fetch', ...options, '--no-recurse-submodules', ...from);
      return (await this.git(signal).raw('rev-parse', `${REF}^{commit}`)).trim();
    } catch (error) {
      // It is a cache: after a kill, a lock or a torn pack the next try starts from nothing.
      const wasCut = await this.isCut();
      this.ready = false;
      await rm(this.folder, { recursive: true, force: true });
      throw failure(this.location, error, { wasKilled: kills.wasKilled, wasCut });
    } finally {
      kills.stop();
    }
  }

  /**
   * All entries of a commit, below a folder of it; undefined if there are too many. Trees are listed too: a few
   * kilobytes of trees that share their subtrees name more paths than anybody could wait for, without one file.
   */
  async tree(commit: string, signal: AbortSignal): Promise<readonly TreeEntry[] | undefined> {
    const { folder } = this.location;
    const below = folder === undefined ? [] : ['--', `${folder}/`];
    const args = ['ls-tree', '-r', '-t', '-z', '-l', '--full-tree', commit, ...below];
    const most = { bytes: MAX_LISTING_BYTES, ends: SOURCE_LIMITS.entries };
    const text = await this.reading(() => this.bounded(args, most, signal));
    return text?.split('\0').flatMap((line) => parseEntry(line) ?? []);
  }

  /** The content of some objects, in their order. */
  async blobs(objects: readonly string[], signal: AbortSignal): Promise<readonly Uint8Array[]> {
    if (objects.length === 0) return [];
    const git = this.git(signal, `${objects.join('\n')}\n`);
    const output = await this.reading<Uint8Array>(() => git.binaryCatFile(['--batch']));
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
