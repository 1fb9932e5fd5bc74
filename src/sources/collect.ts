import { fileProblem, SOURCE_LIMITS, type Problem, type SourceFile } from './snapshot.ts';
import { decodeText } from './text.ts';

/** A manifest that a source has found but not read yet. */
export interface Candidate {
  readonly path: string;
  readonly kind: 'file' | 'symlink' | 'other';
  readonly sizeBytes: number;
}

/** Paths as they may be shown: control characters would garble terminals and logs. */
function shownPath(path: string): string {
  return /^[^\p{C}]{1,500}$/u.test(path) ? path : JSON.stringify(path.slice(0, 500));
}

/** Sorts out what cannot be read and keeps the whole within bounds. */
export function selectReadable<Item extends Candidate>(
  candidates: readonly Item[],
): { readonly readable: readonly Item[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const readable: Item[] = [];
  let totalBytes = 0;
  for (const candidate of candidates) {
    const { path, kind, sizeBytes } = candidate;
    const why = refusal(kind, sizeBytes);
    totalBytes += why === undefined ? sizeBytes : 0;
    if (why !== undefined) problems.push(fileProblem(shownPath(path), why));
    else if (shownPath(path) === path) readable.push(candidate);
    else problems.push(fileProblem(shownPath(path), 'the name holds control characters'));
  }
  const whole = wholeRefusal(candidates.length, totalBytes);
  if (whole === undefined) return { readable, problems };
  return { readable: [], problems: [fileProblem('.', whole)] };
}

function refusal(kind: Candidate['kind'], sizeBytes: number): string | undefined {
  if (kind === 'symlink') return 'is a symbolic link, which is not followed: put the file here';
  if (kind === 'other') return 'is no regular file';
  return sizeBytes > SOURCE_LIMITS.fileBytes ? 'is larger than 1 MiB' : undefined;
}

function wholeRefusal(count: number, totalBytes: number): string | undefined {
  const { files, totalBytes: most } = SOURCE_LIMITS;
  if (count > files) return `the source has more than ${files} manifests`;
  return totalBytes > most ? `the manifests are larger than ${most >> 20} MiB in all` : undefined;
}

/** Turns bytes into manifest text or a problem. */
export function decodeFiles(
  contents: readonly { readonly path: string; readonly bytes: Uint8Array }[],
): { readonly files: readonly SourceFile[]; readonly problems: readonly Problem[] } {
  const files: SourceFile[] = [];
  const problems: Problem[] = [];
  for (const { path, bytes } of contents) {
    const decoded = decodeText(bytes);
    if ('text' in decoded) files.push({ path, text: decoded.text });
    else problems.push(fileProblem(path, decoded.why));
  }
  return { files, problems };
}

/** Order of paths that does not depend on the locale. */
export function byPath(left: { readonly path: string }, right: { readonly path: string }): number {
  return left.path < right.path ? -1 : Number(left.path > right.path);
}
