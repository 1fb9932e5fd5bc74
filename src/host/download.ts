import { createHash } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { fetch, type Dispatcher } from 'undici';
import { Failure, impossible, isFailure, messageOf, transient } from '../core/failure.ts';
import { formatBytes } from '../core/quantity.ts';
import { isFile, syncFolder } from './files.ts';

/** A file to fetch and what it must be. */
export interface DownloadWanted {
  readonly url: string;
  /** 64 hex digits. */
  readonly sha256: string;
  /** Appears when the file is complete and verified; a file that is there is taken as it is. */
  readonly path: string;
  readonly mostBytes: number;
}

/** How it is fetched. */
export interface DownloadOptions {
  /** Carries proxy and certificate authorities; the plain network by default. */
  readonly dispatcher?: Dispatcher;
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number | undefined) => void;
}

function parseUrl(url: string): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === 'http:' || parsed?.protocol === 'https:') return parsed;
  throw impossible(
    'BadUrl',
    `${JSON.stringify(url)} is no http or https address`,
    'Correct the url.',
  );
}

/** An address without what may be secret in it. */
function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

function refused(code: string, message: string, hint: string): Failure {
  return new Failure({ consequence: 'Denied', code, message, hint });
}

function checkStatus(status: number, from: string): void {
  if (status === 200) return;
  const message = `${from} answers with status ${status}`;
  if (status >= 500 || status === 408 || status === 429) throw transient('DownloadFailed', message);
  throw refused('DownloadRefused', message, 'Put the file there, or correct url and access.');
}

interface Target {
  readonly wanted: DownloadWanted;
  readonly from: string;
  readonly options: DownloadOptions;
}

async function store(
  body: AsyncIterable<Uint8Array>,
  total: number | undefined,
  target: Target,
  path: string,
) {
  const { wanted, from, options } = target;
  const hash = createHash('sha256');
  let done = 0;
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of body) {
      done += chunk.length;
      if (done > wanted.mostBytes) {
        const most = formatBytes(wanted.mostBytes);
        throw impossible(
          'DownloadTooLarge',
          `${from} is larger than ${most}`,
          'Give a smaller file.',
        );
      }
      hash.update(chunk);
      await handle.writeFile(chunk);
      options.onProgress?.(done, total);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const found = hash.digest('hex');
  if (found === wanted.sha256) return;
  const message = `${from} has sha256 ${found}, but ${wanted.sha256} is declared`;
  throw refused('DownloadDiffers', message, 'Compare both; correct the sha256 or the file.');
}

async function fetchTo(url: URL, target: Target, path: string): Promise<void> {
  const { dispatcher, signal } = target.options;
  const response = await fetch(url, {
    redirect: 'follow',
    // The bytes as they are: a digest is declared for the file, not for its content.
    headers: { 'accept-encoding': 'identity' },
    ...(dispatcher === undefined ? {} : { dispatcher }),
    ...(signal === undefined ? {} : { signal }),
  });
  checkStatus(response.status, target.from);
  if (response.body === null) throw transient('DownloadFailed', `${target.from} sent nothing`);
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  await store(response.body, Number.isNaN(length) ? undefined : length, target, path);
}

/** Fetches a file over HTTP, verifies it and puts it in its place, read-only. */
export async function download(
  wanted: DownloadWanted,
  options: DownloadOptions = {},
): Promise<void> {
  const url = parseUrl(wanted.url);
  if (await isFile(wanted.path)) return;
  const folder = dirname(wanted.path);
  await mkdir(folder, { recursive: true });
  const part = join(folder, `.${basename(wanted.path)}.${randomUUID().slice(0, 8)}.part`);
  const from = shown(url);
  try {
    await fetchTo(url, { wanted, from, options }, part);
    await chmod(part, 0o444);
    await rename(part, wanted.path);
  } catch (error) {
    await rm(part, { force: true });
    options.signal?.throwIfAborted();
    if (isFailure(error)) throw error;
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw transient('DownloadFailed', `${from} cannot be fetched: ${messageOf(cause)}`, error);
  }
  await syncFolder(folder);
}
