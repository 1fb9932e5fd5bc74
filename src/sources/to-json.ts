import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Scalar } from 'yaml';
import { DOCUMENT_LIMITS } from '../host/yaml-bounds.ts';
import { nodeOf } from './node.ts';
import { SOURCE_LIMITS } from './snapshot.ts';

/** Something in a document that has no place in a manifest. */
export interface NodeProblem {
  readonly offset: number;
  readonly message: string;
}

/** Stops a conversion that went over a bound. */
class OverLimit extends Error {}

class Conversion {
  readonly problems: NodeProblem[] = [];
  private nodes = 0;
  private aliases = 0;
  private chars = 0;
  private readonly document: Document;

  constructor(document: Document) {
    this.document = document;
  }

  private report(node: Node | null, message: string): void {
    if (this.problems.length < DOCUMENT_LIMITS.problems) {
      this.problems.push({ offset: node?.range?.[0] ?? 0, message });
    }
  }

  private stop(node: Node | null, message: string): never {
    this.report(node, message);
    throw new OverLimit(message);
  }

  value(node: Node | null, depth: number): unknown {
    this.nodes += 1;
    if (this.nodes > DOCUMENT_LIMITS.nodes) {
      this.stop(node, `the document has more than ${DOCUMENT_LIMITS.nodes} values`);
    }
    if (depth > DOCUMENT_LIMITS.depth) {
      this.stop(node, `nested deeper than ${DOCUMENT_LIMITS.depth} levels`);
    }
    if (node === null) return null;
    if (isAlias(node)) return this.alias(node, depth);
    if (node.tag !== undefined) this.report(node, 'tags are not allowed: remove it');
    if (isMap(node)) return this.map(node, depth);
    if (isSeq(node)) return node.items.map((item) => this.value(nodeOf(item), depth + 1));
    return isScalar(node) ? this.scalar(node) : null;
  }

  private alias(node: Node, depth: number): unknown {
    this.aliases += 1;
    if (this.aliases > DOCUMENT_LIMITS.aliases) {
      this.stop(node, `more than ${DOCUMENT_LIMITS.aliases} aliases: write the values out`);
    }
    const target = isAlias(node) ? node.resolve(this.document) : undefined;
    if (target === undefined) this.stop(node, 'the alias has no anchor above it');
    return this.value(target, depth + 1);
  }

  private map(
    node: { readonly items: readonly { readonly key: unknown; readonly value: unknown }[] },
    depth: number,
  ): unknown {
    const entries = new Map<string, unknown>();
    for (const { key, value } of node.items) {
      const at = nodeOf(key);
      const name = this.key(at);
      if (name === undefined) continue;
      if (entries.has(name)) this.report(at, `duplicate key ${JSON.stringify(name)}`);
      entries.set(name, this.value(nodeOf(value), depth + 1));
    }
    // Unlike an assignment, fromEntries makes `__proto__` a field like any other.
    return Object.fromEntries(entries);
  }

  private key(node: Node | null): string | undefined {
    if (isScalar(node) && node.tag === undefined && node.value !== null) {
      this.weigh(node, node.value);
      return typeof node.value === 'string' ? node.value : node.source;
    }
    this.report(node, 'keys must be text');
    return undefined;
  }

  /** Aliases make much of little text. */
  private weigh(node: Node, value: unknown): void {
    this.chars += typeof value === 'string' ? value.length : 1;
    if (this.chars > SOURCE_LIMITS.objectBytes) {
      this.stop(
        node,
        `larger than ${SOURCE_LIMITS.objectBytes >> 10} KiB with the aliases written out`,
      );
    }
  }

  private scalar(node: Scalar): unknown {
    const { value, source = '' } = node;
    this.weigh(node, value);
    if (typeof value !== 'number' && typeof value !== 'bigint') return value;
    if (/^[-+]?0[0-9_]/.test(source)) {
      this.report(node, `some programs read ${source} as octal: drop the zero or put it in quotes`);
    }
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value);
    this.report(node, `the number ${source.slice(0, 40)} cannot be kept exactly`);
    return 0;
  }
}

/** The value of a document, bounded; anything that JSON or Kubernetes cannot hold is a problem. */
export function toJson(document: Document): {
  readonly value: unknown;
  readonly problems: readonly NodeProblem[];
} {
  const conversion = new Conversion(document);
  try {
    const value = conversion.value(document.contents, 0);
    return { value, problems: conversion.problems };
  } catch (error) {
    if (conversion.problems.length === 0) throw error;
    return { value: null, problems: conversion.problems };
  }
}
