import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { request, type Dispatcher } from 'undici';
import type { Clock } from '../core/clock.ts';
import { denied, failureData, impossible, messageOf, transient } from '../core/failure.ts';
import { formatBytes } from '../core/quantity.ts';
import { isFile, syncFolder } from './files.ts';
import { ALLOW_LOCAL, type Network } from './network.ts';
import type { RequestHeaders } from './request-headers.ts';
import { withRoom } from './room.ts';

/** A file to fetch and what it must be. */
export interface DownloadWanted {
  readonly url: string;
  /** 64 hex digits. */
  readonly sha256: string;
  /** Appears when the file is complete and verified; a file that is there is taken as it is. */
  readonly path: string;
  readonly mostBytes: number;
  /**
   * Secret headers, asked for only where the file must be fetched. The origin of the url is sent them, over
   * https alone; from the first redirect to another origin on, nobody is.
   */
  readonly headers?: () => Promise<RequestHeaders>;
}

/** How it is fetched. */
export interface DownloadOptions {
  readonly network: Network;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

const MOST_REDIRECTS = 10;

/** A server that gives less than this holds up a job for others. */
const LEAST_BYTES_PER_SECOND = 1024;
const SLOW_FOR_MS = 60_000;

/** An address without what may be secret in it. */
function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

function isHttp({ protocol }: URL): boolean {
  return protocol === 'http:' || protocol === 'https:';
}

/** The address as it was declared; whatever is wrong with it, only an edit cures. Never repeats a secret. */
function parseUrl({ url, sha256, headers }: DownloadWanted, network: Network): URL {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !isHttp(parsed)) {
    const message = `the url of the file with sha256 ${sha256} is no http or https address`;
    throw impossible('BadUrl', message, 'Correct the url.');
  }
  if (parsed.username !== '' || parsed.password !== '') {
    const message = `the url of ${shown(parsed)} holds a name or a password`;
    const hint =
      'Take them out of the url and change the password: whoever reads the object has seen it.';
    throw impossible('UrlWithPassword', message, hint);
  }
  if (headers !== undefined && parsed.protocol !== 'https:') {
    const message = `${shown(parsed)} is not encrypted, so the headers of a Secret are not sent there`;
    throw impossible('SecretOverHttp', message, 'Give an https url, or take headersSecretRef out.');
  }
  const what = network.refused(parsed.hostname);
  if (what === undefined) return parsed;
  throw impossible('AddressRefused', `${shown(parsed)} is refused: it is ${what}`, ALLOW_LOCAL);
}

/** Where a server sends us on, judged as if it had been declared. Its path may repeat what the server was sent. */
function redirectOf(location: string, from: URL, network: Network): URL {
  const refused = (why: string, hint: string) =>
    denied('RedirectRefused', `${shown(from)} redirects to ${why}`, hint);
  const hint = 'Give the address at which the file itself lies.';
  if (!URL.canParse(location, from.href)) throw refused('no address', hint);
  const to = new URL(location, from);
  if (!isHttp(to)) throw refused(`another protocol, ${to.protocol}`, hint);
  if (from.protocol === 'https:' && to.protocol === 'http:') {
    throw refused(`${to.origin}, which is not encrypted`, hint);
  }
  if (to.username !== '' || to.password !== '') {
    throw refused(`${to.origin} with a name or a password`, hint);
  }
  const what = network.refused(to.hostname);
  if (what !== undefined) throw refused(`${to.origin}, which is ${what}`, ALLOW_LOCAL);
  return to;
}

function checkStatus(status: number, from: string): void {
  if (status === 200) return;
  const message = `${from} answers with status ${status}`;
  if (status >= 500 || status === 408 || status === 429) throw transient('DownloadFailed', message);
  throw denied('DownloadRefused', message, 'Put the file there, or correct url and access.');
}

interface Target {
  readonly wanted: DownloadWanted;
  readonly from: string;
  readonly options: DownloadOptions;
}

/** What is wrong with a download that goes on: it is too long, or too slow. */
function checkSoFar(done: number, tookMs: number, { wanted, from }: Target): void {
  if (done > wanted.mostBytes) {
    const message = `${from} is larger than ${formatBytes(wanted.mostBytes)}`;
    throw impossible('DownloadTooLarge', message, 'Give a smaller file.');
  }
  if (tookMs < SLOW_FOR_MS || done * 1000 >= LEAST_BYTES_PER_SECOND * tookMs) return;
  const seconds = Math.round(tookMs / 1000);
  throw transient('DownloadFailed', `${from} sent only ${done} bytes in ${seconds} seconds`);
}

async function store(body: AsyncIterable<Uint8Array>, target: Target, path: string) {
  const { wanted, from, options } = target;
  const hash = createHash('sha256');
  const began = options.clock.elapsed();
  let done = 0;
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of body) {
      done += chunk.length;
      checkSoFar(done, options.clock.elapsed() - began, target);
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const found = hash.digest('hex');
  if (found === wanted.sha256) return;
  const message = `${from} has sha256 ${found}, but ${wanted.sha256} is declared`;
  throw denied('DownloadDiffers', message, 'Compare both; correct the sha256 or the file.');
}

/** The answer of the server at which a chain of redirects ends. */
async function follow(
  first: URL,
  { wanted, options: { network, signal } }: Target,
): Promise<Dispatcher.ResponseData> {
  let url = first;
  let secret = await wanted.headers?.();
  for (let count = 0; count <= MOST_REDIRECTS; count += 1) {
    const response = await request(url, {
      dispatcher: network.dispatcher,
      // The bytes as they are: a digest is declared for the file, not for its content.
      headers: { ...secret, 'accept-encoding': 'identity' },
      ...(signal === undefined ? {} : { signal }),
    });
    const { statusCode, headers, body } = response;
    const { location } = headers;
    if (![301, 302, 303, 307, 308].includes(statusCode) || typeof location !== 'string') {
      return response;
    }
    // What it says beside that is of no use, and its end may never come.
    body.on('error', () => undefined).destroy();
    const next = redirectOf(location, url, network);
    // For good: whoever is asked then chooses where the chain goes on.
    if (next.origin !== url.origin) secret = undefined;
    url = next;
  }
  const message = `${shown(first)} redirects more than ${MOST_REDIRECTS} times`;
  throw denied('RedirectRefused', message, 'Give the address at which the file itself lies.');
}

async function fetchTo(url: URL, target: Target, path: string): Promise<void> {
  const { statusCode, body } = await follow(url, target);
  try {
    checkStatus(statusCode, target.from);
    await store(body, target, path);
  } finally {
    body.on('error', () => undefined).destroy();
  }
}

/** Fetches a file over HTTP, verifies it and puts it in its place, read-only. */
export async function download(wanted: DownloadWanted, options: DownloadOptions): Promise<void> {
  const url = parseUrl(wanted, options.network);
  if (await isFile(wanted.path)) return;
  await withRoom([wanted.path], () => fetchWhole(url, wanted, options));
}

async function fetchWhole(
  url: URL,
  wanted: DownloadWanted,
  options: DownloadOptions,
): Promise<void> {
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
    // What is known already, trouble of this host included, is none of the network.
    if (failureData(error).code !== 'Unexpected') throw error;
    throw transient('DownloadFailed', `${from} cannot be fetched: ${messageOf(error)}`, error);
  }
  await syncFolder(folder);
}
