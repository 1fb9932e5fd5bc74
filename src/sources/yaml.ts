import { Composer, LineCounter, Parser, type CST, type Document } from 'yaml';
import { messageOf } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import { DOCUMENT_LIMITS, textRefusal } from '../host/yaml-bounds.ts';
import { locate } from './locate.ts';
import { fileProblem, SOURCE_LIMITS, type Problem, type SourceFile } from './snapshot.ts';
import { toJson, type NodeProblem } from './to-json.ts';

/** One document of a file, with the way back from its fields to lines. */
export interface SourceDocument {
  readonly file: string;
  readonly value: Record<string, unknown>;
  /** The position of a field path, or of the nearest field above that exists. */
  at(path: string, want?: 'key' | 'value'): Pick<Problem, 'file' | 'line' | 'column'>;
  /** The text of a value that was written without quotes, such as 26.0. */
  plainText(path: string): string | undefined;
}

/** What a file holds. */
export interface ReadResult {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly Problem[];
}

/** Where a token tree is deeper than the bound; without recursion, which is what it guards. */
function tooDeepAt(root: CST.Token): number | undefined {
  const waiting: { readonly token: CST.Token; readonly depth: number }[] = [
    { token: root, depth: 0 },
  ];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next;
    if (depth > DOCUMENT_LIMITS.depth) return token.offset;
    const items = 'items' in token ? token.items : [];
    const below = items.flatMap((item) => [item.key, item.value]);
    if (token.type === 'document') below.push(token.value);
    for (const child of below) {
      if (child !== undefined && child !== null) waiting.push({ token: child, depth: depth + 1 });
    }
  }
  return undefined;
}

/** Where the package says that an error is. */
type Place = number | readonly [number, ...number[]] | { readonly offset: number };
type Gather = (place: Place, code: string, message: string, warning?: boolean) => void;

function offsetOf(place: Place): number {
  if (typeof place === 'number') return place;
  return 'offset' in place ? place.offset : place[0];
}

class Reader {
  readonly problems: Problem[] = [];
  readonly documents: SourceDocument[] = [];
  private readonly mistakes: NodeProblem[] = [];
  private readonly lines = new LineCounter();
  private readonly file: SourceFile;

  constructor(file: SourceFile) {
    this.file = file;
  }

  private position(offset: number): Pick<Problem, 'file' | 'line' | 'column'> {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file.path, line: Math.max(1, line), column: Math.max(1, col) };
  }

  private report(offset: number, message: string): void {
    if (this.problems.length < DOCUMENT_LIMITS.problems) {
      this.problems.push({ ...this.position(offset), message });
    }
  }

  /**
   * The package gathers errors without bound, those of half a megabyte of commas in half a gigabyte. So parsing
   * ends with the last one that is told.
   */
  private mistake(offset: number, message: string): void {
    this.mistakes.push({ offset, message });
    if (this.isHopeless) throw new RangeError('too many mistakes');
  }

  private get isHopeless(): boolean {
    return this.mistakes.length >= DOCUMENT_LIMITS.problems;
  }

  private tokens(): readonly CST.Token[] {
    const tokens: CST.Token[] = [];
    for (const token of new Parser(this.lines.addNewLine).parse(this.file.text)) {
      tokens.push(token);
      if (token.type === 'error') this.mistake(token.offset, token.message);
    }
    return tokens;
  }

  private compose(tokens: readonly CST.Token[]): readonly Document[] {
    // Our own conversion finds duplicate keys; the package's search takes quadratic time.
    const composer = new Composer({
      version: '1.2',
      schema: 'core',
      merge: false,
      uniqueKeys: false,
      intAsBigInt: true,
      resolveKnownTags: false,
      logLevel: 'silent',
      prettyErrors: false,
    });
    const gather: Gather = composer['onError'];
    composer['onError'] = (...error: Parameters<Gather>) => {
      this.mistake(offsetOf(error[0]), error[2]);
      gather(...error);
    };
    return [...composer.compose(tokens)];
  }

  /** Throws nothing that the file could provoke: what would hurt is refused before anything is built. */
  read(): void {
    const refusal = textRefusal(this.file.text);
    if (refusal !== undefined) {
      // Only whoever parses counts the lines, and this is not parsed.
      this.lines.addNewLine(0);
      for (const { index } of this.file.text.slice(0, refusal.offset).matchAll(/\n/g)) {
        this.lines.addNewLine(index + 1);
      }
      return this.report(refusal.offset, refusal.message);
    }
    try {
      this.parse();
    } catch (error) {
      if (!this.isHopeless) this.report(0, `cannot be parsed: ${messageOf(error)}`);
      else for (const { offset, message } of this.mistakes) this.report(offset, message);
    }
  }

  private parse(): void {
    const tokens = this.tokens();
    const deep = tokens.map(tooDeepAt).find((offset) => offset !== undefined);
    if (deep !== undefined) {
      return this.report(deep, `nested deeper than ${DOCUMENT_LIMITS.depth} levels`);
    }
    for (const document of this.compose(tokens)) this.take(document);
  }

  private take(document: Document): void {
    for (const { pos, message } of document.errors) this.report(pos[0], message);
    if (document.errors.length > 0) return;
    const { value, problems } = toJson(document);
    for (const { offset, message } of problems) this.report(offset, message);
    if (problems.length > 0 || value === null) return;
    if (!isObject(value))
      return this.report(document.range?.[0] ?? 0, 'a manifest must be a map of fields');
    this.documents.push({
      file: this.file.path,
      value,
      at: (path, want = 'value') => this.position(locate(document, path, want).offset),
      plainText: (path) => locate(document, path, 'value').plain,
    });
  }
}

/** Reads the documents of a YAML 1.2 or JSON file; it never throws, whatever the file holds. */
export function readDocuments(file: SourceFile): ReadResult {
  if (file.text.length > SOURCE_LIMITS.fileBytes) {
    return { documents: [], problems: [fileProblem(file.path, 'is larger than 1 MiB')] };
  }
  const reader = new Reader(file);
  reader.read();
  return reader;
}
