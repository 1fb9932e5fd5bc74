import { badRequest } from '../model/errors.ts';
import { labelValueProblems, qualifiedNameProblems } from './names.ts';

type Labels = Readonly<Record<string, string>>;

/** Says whether labels are selected. */
export type LabelMatch = (labels: Labels) => boolean;

const MAX_LENGTH = 16_384;
const TOKEN = /==|!=|=|!|,|\(|\)|<|>|[^\s=!,()<>]+/g;
/** Stands behind the last token; no token is empty. */
const END = '';

const OPERATORS = 'in, notin, =, ==, !=, gt, lt';

function unparsable(why: string): never {
  throw badRequest(`unable to parse requirement: ${why}`);
}

/** Reads tokens from the left. */
class Reader {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(text: string) {
    this.tokens = text.match(TOKEN) ?? [];
  }

  peek(): string {
    return this.tokens[this.at] ?? END;
  }

  next(): string {
    const token = this.peek();
    this.at += 1;
    return token;
  }

  /** Whether a key comes, or the mark of one that must be absent. */
  atRequirement(): boolean {
    return /^(?:!$|[^=!,()<>])/.test(this.peek());
  }

  key(): string {
    const key = this.next();
    if (key === END || /^[=!,()<>]/.test(key)) {
      return unparsable(`found '${key}', expected: identifier`);
    }
    const [problem] = qualifiedNameProblems(key);
    return problem === undefined ? key : unparsable(`<nil>: Invalid value: "${key}": ${problem}`);
  }

  /** A value may be empty: `a=` and `a=,b`. */
  value(): string {
    const ahead = this.peek();
    if (ahead === END || ahead === ',' || ahead === ')') return '';
    const value = this.next();
    if (/^[=!(<>]/.test(value)) unparsable(`found '${value}', expected: identifier`);
    const [problem] = labelValueProblems(value);
    return problem === undefined ? value : unparsable(`Invalid value: "${value}": ${problem}`);
  }

  values(): ReadonlySet<string> {
    const open = this.next();
    if (open !== '(') unparsable(`found '${open}' expected: '('`);
    const values = new Set([this.value()]);
    while (this.peek() === ',') {
      this.next();
      values.add(this.value());
    }
    const close = this.next();
    if (close !== ')') unparsable(`found '${close}', expected: ',' or ')'`);
    return values;
  }
}

/** Keys come from clients: one that is called as a method of all objects is no label. */
function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** A whole number as Go reads it; undefined for what is none. */
function numberOf(text: string | undefined): bigint | undefined {
  if (text === undefined || !/^[-+]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

function comparison(key: string, operator: '>' | '<', value: string): LabelMatch {
  const bound = numberOf(value);
  if (bound === undefined) {
    return unparsable(
      `values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  return (labels) => {
    const number = numberOf(labelOf(labels, key));
    if (number === undefined) return false;
    return operator === '>' ? number > bound : number < bound;
  };
}

function requirement(reader: Reader): LabelMatch {
  if (reader.peek() === '!') {
    reader.next();
    const absent = reader.key();
    return (labels) => labelOf(labels, absent) === undefined;
  }
  const key = reader.key();
  const operator = reader.peek();
  if (operator === END || operator === ',') {
    return (labels) => labelOf(labels, key) !== undefined;
  }
  reader.next();
  if (operator === '=' || operator === '==' || operator === '!=') {
    const value = reader.value();
    const wanted = operator !== '!=';
    return (labels) => (labelOf(labels, key) === value) === wanted;
  }
  if (operator === '>' || operator === '<') return comparison(key, operator, reader.value());
  if (operator !== 'in' && operator !== 'notin') {
    return unparsable(`found '${operator}', expected: ${OPERATORS}`);
  }
  const values = reader.values();
  const wanted = operator === 'in';
  return (labels) => {
    const label = labelOf(labels, key);
    return (label !== undefined && values.has(label)) === wanted;
  };
}

/** Parses a label selector; undefined selects everything. */
export function parseLabelSelector(text: string | undefined): LabelMatch | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (text.length > MAX_LENGTH) throw badRequest('the label selector is too long');
  const reader = new Reader(text);
  const refuse = (expected: string) => {
    throw badRequest(`found '${reader.peek()}', expected: ${expected}`);
  };
  if (!reader.atRequirement()) refuse("!, identifier, or 'end of string'");
  const requirements = [requirement(reader)];
  while (reader.peek() !== END) {
    if (reader.peek() !== ',') refuse("',' or 'end of string'");
    reader.next();
    if (!reader.atRequirement()) refuse("identifier after ','");
    requirements.push(requirement(reader));
  }
  return (labels) => requirements.every((matches) => matches(labels));
}
