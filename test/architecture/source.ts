import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSync } from '@swc/core';

/** A node of the syntax tree, as loose as the parser gives it. */
export interface SyntaxNode {
  readonly type: string;
  readonly span?: { readonly start: number; readonly end: number };
  readonly [key: string]: any;
}

/** A parsed source file. */
export interface SourceText {
  /** Below the root, with forward slashes. */
  readonly path: string;
  readonly lines: readonly string[];
  readonly statements: readonly SyntaxNode[];
  /** Line of a node's first and last character, counted from 1. */
  lineSpan(node: SyntaxNode): { readonly first: number; readonly last: number };
}

/** The parser counts bytes through all files of a process; a known first statement gives the offset. */
const PROBE = '0;';

/** Parses one file. */
export function parseSource(path: string, text: string): SourceText {
  const { body } = parseSync(PROBE + text, { syntax: 'typescript', target: 'es2024' });
  const [probe, ...statements] = body as unknown as SyntaxNode[];
  const base = (probe?.span?.start ?? 0) + PROBE.length;
  const bytes = Buffer.from(text);
  const breaks: number[] = [];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) breaks.push(at);
  const lineOf = (offset: number) => {
    let low = 0;
    let high = breaks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((breaks[middle] ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
  return {
    path,
    lines: text.replace(/\n$/, '').split('\n'),
    statements,
    lineSpan: ({ span }) => ({
      first: lineOf((span?.start ?? base) - base),
      last: lineOf((span?.end ?? base) - base - 1),
    }),
  };
}

/** Every TypeScript file below some folders. */
export async function readSources(
  root: string,
  folders: readonly string[],
): Promise<readonly SourceText[]> {
  const found: SourceText[] = [];
  for (const folder of folders) {
    for await (const path of glob(`${folder}/**/*.ts`, { cwd: root })) {
      found.push(parseSource(path, await readFile(join(root, path), 'utf8')));
    }
  }
  return found.sort((left, right) => left.path.localeCompare(right.path, 'en'));
}

/** Calls back for every node of a tree, parents first. */
export function visit(value: unknown, enter: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, enter);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if ('type' in value && typeof value.type === 'string') enter(value as SyntaxNode);
  for (const child of Object.values(value)) visit(child, enter);
}
