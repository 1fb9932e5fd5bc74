import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { scaled } from './scale.ts';

/** What a figure must keep below, at, or above. */
export interface Target {
  readonly sign: '<' | '≤' | '≥';
  readonly limit: number;
  /** Where the limit comes from, if a peer of the same run sets it: told in the place of the number. */
  readonly peer?: string;
}

/** One measured number: a line of the table. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What the design promises; a figure without one is told for its own sake. */
  readonly target?: Target;
  /** Peers that did the same in the same run, or what else the number must be read with. */
  readonly beside?: string;
}

/** What one benchmark leaves: a file of this shape lies under `results/`. */
export interface Result {
  readonly name: string;
  readonly cpus: number;
  readonly model: string;
  readonly node: string;
  /** Processes that wanted a processor, averaged over a minute: before the benchmark, and at its end. */
  readonly load: { readonly before: number; readonly after: number };
  readonly seconds: number;
  readonly figures: readonly Figure[];
}

/** Where the results lie. */
const RESULTS = join(import.meta.dirname, '../results');

/** The file of a benchmark. A small run leaves the figures of a whole one alone. */
export function resultFile(name: string): string {
  return join(RESULTS, `${name}${scaled('', '-small')}.json`);
}

/** A target that a figure must stay below. */
export function below(limit: number): { readonly target: Target } {
  return { target: { sign: '<', limit } };
}

/** A target that a figure may reach. */
export function atMost(limit: number): { readonly target: Target } {
  return { target: { sign: '≤', limit } };
}

/** A target that a peer of the same run sets: so many times what it needed, or what it did. */
export function comparedWith(
  peer: string,
  sign: Target['sign'],
  of: { readonly factor: number; readonly value: number },
): { readonly target: Target } {
  return { target: { sign, limit: rounded(of.factor * of.value), peer: `${of.factor} × ${peer}` } };
}

const KEPT: Readonly<Record<Target['sign'], (value: number, limit: number) => boolean>> = {
  '<': (value, limit) => value < limit,
  '≤': (value, limit) => value <= limit,
  '≥': (value, limit) => value >= limit,
};

/** Whether a figure keeps its target; true without one. */
function isMet({ value, target }: Figure): boolean {
  return target === undefined || KEPT[target.sign](value, target.limit);
}

/** Three digits that count. */
export function rounded(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

const COLUMNS = ['benchmark', 'what', 'figure', 'target', 'beside'];

function rowOf(name: string, figure: Figure): readonly string[] {
  const { what, value, unit, target, beside = '' } = figure;
  const wanted =
    target === undefined ? '' : `${target.sign} ${target.peer ?? `${target.limit} ${unit}`.trim()}`;
  const verdict = isMet(figure) ? wanted : `${wanted} MISSED`;
  return [name, what, `${rounded(value)} ${unit}`.trim(), verdict, beside];
}

/** All figures as one table in Markdown, its columns aligned. */
export function tableOf(results: readonly Result[]): string {
  const lines = results.flatMap(({ name, figures }) => figures.map((item) => rowOf(name, item)));
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const format = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [format(COLUMNS), format(widths.map((width) => '-'.repeat(width))), ...lines.map(format)]
    .map((line) => `${line}\n`)
    .join('');
}

/** The sentence that belongs below every table. */
export function conditionsOf(results: readonly Result[]): string {
  const loads = results.map(({ name, load }) => `${name} ${load.before}`).join(', ');
  const [first] = results;
  return `${first?.cpus} processors (${first?.model}), Node ${first?.node}; load before each: ${loads}\n`;
}

/** Runs one benchmark and writes its result; what it says on the way goes to standard error. */
export async function benchmark(
  name: string,
  measure: (say: (line: string) => void) => Promise<readonly Figure[]>,
): Promise<void> {
  const before = rounded(loadavg()[0] ?? 0);
  const start = performance.now();
  const measured = await measure((line) => process.stderr.write(`${name}: ${line}\n`));
  const result: Result = {
    name,
    cpus: cpus().length,
    model: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.version,
    load: { before, after: rounded(loadavg()[0] ?? 0) },
    seconds: rounded((performance.now() - start) / 1000),
    figures: measured.map((figure) => ({ ...figure, value: rounded(figure.value) })),
  };
  await mkdir(RESULTS, { recursive: true });
  await writeFile(resultFile(name), `${JSON.stringify(result, undefined, 2)}\n`);
}
