import { CST, Lexer } from 'yaml';

/** Bounds of one document, after aliases are written out. */
export const DOCUMENT_LIMITS = { depth: 64, nodes: 50_000, aliases: 100, problems: 20 } as const;

/** Why a text is not parsed, and where. */
export interface Refusal {
  readonly offset: number;
  readonly message: string;
}

type Token = NonNullable<ReturnType<typeof CST.tokenType>>;

/** Most tokens of one file: what a megabyte of dense manifests has, and a tree of them still is small. */
const MAX_TOKENS = 600_000;
/** Most documents of one file. */
const MAX_DOCUMENTS = 1000;
/** A value with its key, and the signs around both, is at most so many tokens. */
const TOKENS_OF_VALUE = 5;
const TOO_MANY_VALUES = `the document has more than ${DOCUMENT_LIMITS.nodes} values`;
const TOO_DEEP = `nested deeper than ${DOCUMENT_LIMITS.depth} levels`;

/** What a document needs few of, and what hurts in masses. */
const FEW: Partial<Record<Token, { readonly most: number; readonly message: string }>> = {
  anchor: { most: 100, message: 'more than 100 anchors: write the values out' },
  alias: { most: DOCUMENT_LIMITS.aliases, message: 'more than 100 aliases: write the values out' },
  tag: { most: 20, message: 'tags are not allowed: remove them' },
  'explicit-key-ind': { most: 100, message: 'more than 100 keys with "?": write "key: value"' },
};

const OPENING: ReadonlySet<Token> = new Set(['flow-map-start', 'flow-seq-start']);
const CLOSING: ReadonlySet<Token> = new Set(['flow-map-end', 'flow-seq-end']);
/** Each of them, outside of brackets, may open a level in the line that it stands in. */
const BLOCK_LEVEL: ReadonlySet<Token> = new Set([
  'seq-item-ind',
  'explicit-key-ind',
  'map-value-ind',
]);
/** What no tree has nodes for. */
const BLANK: ReadonlySet<Token> = new Set(['space', 'newline', 'comment']);
/** Signs that the lexer puts between its tokens; the text does not hold them. */
const INSERTED: ReadonlySet<Token> = new Set(['doc-mode', 'flow-error-end', 'scalar']);

class Count {
  private tokens = 0;
  private documents = 0;
  private ofDocument = 0;
  /** The lexer has told of the document that "---" begins. */
  private begun = false;
  private open = 0;
  private stray = 0;
  private inLine = 0;
  private few = new Map<Token, number>();

  /** Takes the next token; returns why this is enough. */
  take(token: Token): string | undefined {
    this.tokens += 1;
    if (this.tokens > MAX_TOKENS) return `more than ${MAX_TOKENS} words and signs: split the file`;
    if (token === 'directive-line') return 'directives are not allowed: manifests are YAML 1.2';
    if (token === 'doc-mode') {
      this.begun = true;
      return this.document();
    }
    if (token === 'doc-start' && !this.begun) return this.document();
    this.begun = false;
    if (token === 'newline') this.inLine = 0;
    if (!BLANK.has(token)) this.ofDocument += 1;
    if (this.ofDocument > TOKENS_OF_VALUE * DOCUMENT_LIMITS.nodes) return TOO_MANY_VALUES;
    return this.brackets(token) ?? this.block(token) ?? this.rare(token);
  }

  private document(): string | undefined {
    this.documents += 1;
    this.ofDocument = 0;
    this.open = 0;
    this.inLine = 0;
    this.few = new Map();
    return this.documents > MAX_DOCUMENTS
      ? `more than ${MAX_DOCUMENTS} documents in one file`
      : undefined;
  }

  private brackets(token: Token): string | undefined {
    if (token === 'flow-error-end') this.open = 0;
    if (OPENING.has(token)) this.open += 1;
    if (CLOSING.has(token)) {
      if (this.open === 0) this.stray += 1;
      else this.open -= 1;
    }
    if (this.stray > DOCUMENT_LIMITS.problems) return 'closing brackets that nothing opened';
    return this.open > DOCUMENT_LIMITS.depth ? TOO_DEEP : undefined;
  }

  private block(token: Token): string | undefined {
    if (this.open > 0 || !BLOCK_LEVEL.has(token)) return undefined;
    this.inLine += 1;
    return this.inLine > DOCUMENT_LIMITS.depth ? TOO_DEEP : undefined;
  }

  private rare(token: Token): string | undefined {
    const rule = FEW[token];
    if (rule === undefined) return undefined;
    const count = (this.few.get(token) ?? 0) + 1;
    this.few.set(token, count);
    return count > rule.most ? rule.message : undefined;
  }
}

/**
 * Looks through a text once, in linear time and without keeping anything, for what would make the trees of a
 * parser large, deep or slow to build. The lexer knows quotes, comments and block scalars, so that scripts
 * and prose in manifests count for nothing.
 */
export function textRefusal(text: string): Refusal | undefined {
  const count = new Count();
  let offset = 0;
  let inScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    const token: Token = inScalar ? 'scalar' : (CST.tokenType(lexeme) ?? 'scalar');
    const message = count.take(token);
    if (message !== undefined) return { offset, message };
    if (inScalar || !INSERTED.has(token)) offset += lexeme.length;
    inScalar = !inScalar && token === 'scalar';
  }
  return undefined;
}
