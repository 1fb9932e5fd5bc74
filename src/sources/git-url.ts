import { impossible, type Failure } from '../core/failure.ts';

/** Where in which repository the desired state lies. */
export interface GitLocation {
  /** As given to git. */
  readonly url: string;
  /** The remote's default branch if left out. */
  readonly branch?: string;
  /** Folder below the root of the repository. */
  readonly folder?: string;
  readonly protocol: 'https' | 'ssh' | 'file';
}

const BRANCH = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;
const FOLDER = /^[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}$/;
const USER = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}';
const HOST = '[A-Za-z0-9][A-Za-z0-9.-]{0,252}';
const SCP = new RegExp(`^${USER}@${HOST}:[A-Za-z0-9_~/][A-Za-z0-9_~./-]*$`);
const SSH = new RegExp(`^ssh://(${USER}@)?${HOST}(:[0-9]{1,5})?/[A-Za-z0-9_~./-]+$`);

function refused(why: string): Failure {
  const hint = 'Write https://host/path, ssh://user@host/path or user@host:path, then #branch.';
  return impossible('BadGitUrl', `the address of the repository ${why}`, hint);
}

function httpsUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refused('is no URL');
  if (url.username !== '' || url.password !== '') throw refused('holds credentials');
  if (url.search !== '' || url.pathname === '/') throw refused('names no repository');
  // The metadata services of clouds live there, and no repository does.
  if (/^(169\.254\.|\[fe[89ab])/i.test(url.hostname)) throw refused('is a link-local address');
  return url.href;
}

function ownPath(text: string): string {
  const path = text.startsWith('file://') ? text.slice('file://'.length) : text;
  if (!path.startsWith('/')) throw refused('must be an absolute path');
  return `file://${path}`;
}

function address(text: string, allowLocal: boolean): Pick<GitLocation, 'url' | 'protocol'> {
  if (text.startsWith('https://')) return { url: httpsUrl(text), protocol: 'https' };
  if (SSH.test(text) || SCP.test(text)) return { url: text, protocol: 'ssh' };
  if (allowLocal && (text.startsWith('/') || text.startsWith('file://'))) {
    return { url: ownPath(text), protocol: 'file' };
  }
  throw refused('is neither https nor ssh');
}

function isTame(text: string, pattern: RegExp): boolean {
  if (!pattern.test(text) || /\.\.|\/\/|\.lock(\/|$)|[./]$/.test(text)) return false;
  return !text.split('/').some((part) => part.startsWith('.') || part.startsWith('-'));
}

function selection(text: string): Pick<GitLocation, 'branch' | 'folder'> {
  const [branch = '', folder, ...more] = text.split(':');
  if (more.length > 0) throw refused('has more than one folder');
  if (branch !== '' && !isTame(branch, BRANCH)) throw refused('names a branch that cannot be');
  if (folder !== undefined && !isTame(folder, FOLDER)) {
    throw refused('names a folder that cannot be');
  }
  return { ...(branch === '' ? {} : { branch }), ...(folder === undefined ? {} : { folder }) };
}

/**
 * Reads `URL[#branch[:folder]]`. What git would take for an option, a program or a local file is
 * refused; local paths are for the command line, where the person could read the files anyway.
 *
 * So far every address comes from `--source`, which the operator writes, and git follows no redirect: hence
 * a server of this machine or of a private network is as good as any. An address that other people write must
 * be judged by `localHost` of `src/host/local-address.ts` as well, as those of media are.
 */
export function parseGitUrl(text: string, options: { readonly allowLocal: boolean }): GitLocation {
  if (text.length > 2048 || !/^[!-[\]-~]+$/.test(text)) {
    throw refused('holds white space, control or special characters');
  }
  if (text.startsWith('-')) throw refused('begins with a dash');
  const [repository = '', selected = '', ...rest] = text.split('#');
  if (repository.includes('::')) throw refused('names a remote helper');
  if (rest.length > 0) throw refused('has more than one #');
  return { ...address(repository, options.allowLocal), ...selection(selected) };
}

/** Tells a repository from a directory in what people give to `--source`. */
export function isGitUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(text) || text.includes('#') || /\.git\/?$/.test(text)
    ? true
    : SCP.test(text);
}
