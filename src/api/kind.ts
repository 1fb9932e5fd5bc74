import type { SchemaNode } from './validation/schema-node.ts';

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  /** Path in the object, as `.spec.version`; `[?(@.type=="Ready")]` selects from conditions. */
  readonly jsonPath: string;
  readonly description: string;
  /** Columns above 0 show with `-o wide` only. */
  readonly priority?: number;
}

/** What a rule looks at; `old` only on updates. */
export interface RuleInput {
  readonly self: unknown;
  readonly old?: unknown;
}

/**
 * One rule that a schema cannot say, in both of its forms: CEL for clusters and a function for the
 * embedded API and `validate`. The parity suite compares their verdicts.
 */
export interface Rule {
  /** Path below the object that the rule is attached to, as `spec` or `spec.versions`. */
  readonly at: 'spec' | 'metadata';
  readonly cel: string;
  readonly message: string;
  holds(input: RuleInput): boolean;
}

/** Everything that makes a kind: names, schema, rules, columns, and the words of its page. */
export interface KindDefinition {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly short: string;
  /** First paragraph of the reference page and of `kubectl explain`. */
  readonly description: string;
  readonly writtenBy: 'people' | 'controllers';
  readonly spec: SchemaNode;
  readonly status: SchemaNode;
  readonly columns: readonly PrinterColumn[];
  readonly rules: readonly Rule[];
  /** Our own condition types with the reasons they can have, for the reference page. */
  readonly conditions: readonly ConditionDoc[];
}

/** What the reference page says about a condition. */
export interface ConditionDoc {
  readonly type: string;
  readonly meaning: string;
  readonly reasons: Readonly<Record<string, string>>;
}

/** The API group and its only version. */
export const GROUP = 'lamina.dev';
/** The version that is served and stored. */
export const VERSION = 'v1alpha1';
/** What stands in `apiVersion`. */
export const API_VERSION = `${GROUP}/${VERSION}`;
