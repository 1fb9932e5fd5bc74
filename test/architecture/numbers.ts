import type { Breach } from './globals.ts';
import { visit, type SourceText, type SyntaxNode } from './source.ts';

/** Hard limits of the house. */
const LIMITS = { fileLines: 400, functionLines: 60, parameters: 4 } as const;

const FUNCTIONS = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'GetterProperty',
  'SetterProperty',
  'MethodProperty',
]);

/**
 * Claims that the compiler cannot check, and empty texts in place of what is missing: as many as there
 * are, and no more. Whoever takes some away lowers the number.
 */
const CEILINGS = { casts: 14, emptyDefaults: 12 } as const;

/** One function as it stands in a file. */
export interface Measured {
  readonly path: string;
  readonly line: number;
  readonly lines: number;
  readonly parameters: number;
}

function parametersOf(node: SyntaxNode): number {
  const inner = node['function'] as SyntaxNode | undefined;
  const list = (inner ?? node)['params'] as readonly unknown[] | undefined;
  return list?.length ?? 0;
}

function isCode(line: string): boolean {
  return !/^\s*(\/\/.*|\/?\*.*)?$/.test(line);
}

/** Every function of a file, with its lines of code. */
export function functionsOf(file: SourceText): readonly Measured[] {
  const found: Measured[] = [];
  visit(file.statements, (node) => {
    if (!FUNCTIONS.has(node.type) || (node['body'] === null && node.type !== 'ClassMethod')) return;
    const { first, last } = file.lineSpan(node);
    const lines = file.lines.slice(first - 1, last).filter(isCode).length;
    found.push({ path: file.path, line: first, lines, parameters: parametersOf(node) });
  });
  return found;
}

/** Places above a hard limit. */
export function limitBreaches(file: SourceText): readonly Breach[] {
  const { path } = file;
  const isSource = path.startsWith('src/');
  const long =
    file.lines.length > LIMITS.fileLines
      ? [{ path, line: 1, what: `has ${file.lines.length} lines, more than ${LIMITS.fileLines}` }]
      : [];
  const functions = functionsOf(file).flatMap(({ line, lines, parameters }) => [
    // A test suite is one function to the parser.
    ...(isSource && lines > LIMITS.functionLines
      ? [{ path, line, what: `a function of ${lines} lines, more than ${LIMITS.functionLines}` }]
      : []),
    ...(parameters > LIMITS.parameters
      ? [{ path, line, what: `${parameters} parameters, more than ${LIMITS.parameters}` }]
      : []),
  ]);
  return [...long, ...functions];
}

function isCast({ type }: SyntaxNode): boolean {
  return type === 'TsAsExpression' || type === 'TsTypeAssertion';
}

function isEmptyDefault(node: SyntaxNode): boolean {
  if (node.type !== 'BinaryExpression' || node['operator'] !== '??') return false;
  const { type, value } = node['right'] as SyntaxNode & { readonly value?: unknown };
  return type === 'StringLiteral' && value === '';
}

function placesOf(files: readonly SourceText[], is: (node: SyntaxNode) => boolean) {
  return files.flatMap((file) => {
    const found: { readonly path: string; readonly line: number }[] = [];
    visit(file.statements, (node) => {
      if (is(node)) found.push({ path: file.path, line: file.lineSpan(node).first });
    });
    return found;
  });
}

/** Every cast and every empty default, once there are more of them than there were. */
export function claimBreaches(
  files: readonly SourceText[],
  ceilings: Readonly<Record<keyof typeof CEILINGS, number>> = CEILINGS,
): readonly Breach[] {
  const told = (what: string, most: number, is: (node: SyntaxNode) => boolean) => {
    const places = placesOf(files, is);
    const words = `one of ${places.length} ${what}, more than ${most}`;
    return places.length > most ? places.map((place) => ({ ...place, what: words })) : [];
  };
  return [
    ...told('casts', ceilings.casts, isCast),
    ...told("times ?? ''", ceilings.emptyDefaults, isEmptyDefault),
  ];
}

/** Middle, long tail and longest of some numbers. */
export function spread(values: readonly number[]): string {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return `median ${at(0.5)}, p95 ${at(0.95)}, max ${sorted.at(-1) ?? 0}`;
}

/** The house numbers as lines of text. */
export function houseNumbers(files: readonly SourceText[]): readonly string[] {
  const functions = files.flatMap(functionsOf);
  return [
    `files       ${files.length}: lines ${spread(files.map(({ lines }) => lines.length))} (≤ 80, ≤ 250, ≤ 400)`,
    `functions   ${functions.length}: lines ${spread(functions.map(({ lines }) => lines))} (≤ 10, ≤ 40, ≤ 60)`,
    `parameters  ${spread(functions.map(({ parameters }) => parameters))} (≤ 4)`,
  ];
}
