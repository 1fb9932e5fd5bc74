/** Something that a person must put right, and where. Lines and columns count from 1. */
export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** One manifest file. */
export interface SourceFile {
  /** Path below the source, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** Everything that a source holds at one moment. */
export interface Snapshot {
  /** Commit of a repository, digest of a directory. */
  readonly revision: string;
  /** Sorted by path. */
  readonly files: readonly SourceFile[];
  /** Files that look like manifests and cannot be read; while there are any, nothing is applied. */
  readonly problems: readonly Problem[];
}

/** Bounds of one source: far above what people write, far below what hurts. */
export const SOURCE_LIMITS = {
  files: 10_000,
  /** Folders, and files of any kind, that are looked at. */
  entries: 100_000,
  fileBytes: 1 << 20,
  totalBytes: 16 << 20,
  depth: 32,
  objects: 20_000,
  /** One object, and all of them, as JSON with aliases written out and defaults filled in. */
  objectBytes: 512 << 10,
  objectsBytes: 16 << 20,
  /** More than anybody puts right at once. */
  problems: 200,
} as const;

/** Longest message of a problem: some quote what they complain of. */
const MAX_MESSAGE = 1000;

/** A problem with a file as a whole. */
export function fileProblem(file: string, message: string): Problem {
  return { file, line: 1, column: 1, message };
}

/** A problem whose message does not grow with what it quotes. */
export function shortened(problem: Problem): Problem {
  const { message } = problem;
  return message.length <= MAX_MESSAGE
    ? problem
    : { ...problem, message: `${message.slice(0, MAX_MESSAGE)}…` };
}

/** A problem as compilers print it. */
export function formatProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** Order of people's reading: by file, then from top to bottom. */
export function compareProblems(left: Problem, right: Problem): number {
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}

const MANIFEST = /\.(ya?ml|json)$/;

/** True for the names of files that a source reads. Hidden files and folders are somebody else's. */
export function isManifestName(path: string): boolean {
  return MANIFEST.test(path) && !path.split('/').some((part) => part.startsWith('.'));
}
