import { visit, type SourceText, type SyntaxNode } from './source.ts';

/** A place that breaks a rule of the house. */
export interface Breach {
  readonly path: string;
  readonly line: number;
  readonly what: string;
}

const TIMERS = new Set(['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']);
const MEMBERS: Readonly<Record<string, readonly string[] | 'all'>> = {
  Date: ['now'],
  Math: ['random'],
  performance: ['now'],
  process: ['env', 'exit', 'argv', 'hrtime', 'stdin', 'stdout', 'stderr'],
  console: 'all',
};

/** Modules that bring the same things under other names. */
const MODULES = new Set(['node:timers', 'node:timers/promises', 'node:console', 'node:perf_hooks']);

function nameOf(node: unknown): string {
  const { type, value } = node as SyntaxNode;
  if (type === 'Computed') return nameOf((node as SyntaxNode)['expression']);
  return type === 'Identifier' || type === 'StringLiteral' ? String(value) : '';
}

/** Names that a file binds itself, and that are therefore no globals in it. */
function bound(file: SourceText): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (pattern: unknown) =>
    visit(pattern, (node) => {
      if (node.type === 'Identifier' || node.type === 'BindingIdentifier') names.add(nameOf(node));
      if (node.type === 'AssignmentPatternProperty') names.add(nameOf(node['key']));
    });
  visit(file.statements, (node) => {
    if (node.type === 'VariableDeclarator') add(node['id']);
    if (node.type === 'Parameter') add(node['pat']);
    if (node.type === 'ArrowFunctionExpression') add(node['params']);
    if (node.type.startsWith('Import') && node['local'] !== undefined) add(node['local']);
  });
  return names;
}

function memberUse(node: SyntaxNode): string | undefined {
  const owner = nameOf(node['object']);
  const allowed = Object.hasOwn(MEMBERS, owner) ? MEMBERS[owner] : undefined;
  const member = nameOf(node['property']);
  if (allowed === undefined || (allowed !== 'all' && !allowed.includes(member))) return undefined;
  return `${owner}.${member}`;
}

/** What a node takes from outside the process, if it does. */
function outsideUse(node: SyntaxNode, own: ReadonlySet<string>): string | undefined {
  switch (node.type) {
    case 'MemberExpression':
      return own.has(nameOf(node['object'])) ? undefined : memberUse(node);
    case 'NewExpression': {
      const isNow = nameOf(node['callee']) === 'Date' && (node['arguments'] ?? []).length === 0;
      return isNow ? 'new Date()' : undefined;
    }
    case 'CallExpression': {
      const name = nameOf(node['callee']);
      if (name === 'Date') return 'Date()';
      return TIMERS.has(name) && !own.has(name) ? name : undefined;
    }
    case 'ImportDeclaration': {
      const from = nameOf(node['source']);
      return MODULES.has(from) && node['typeOnly'] !== true ? `import of ${from}` : undefined;
    }
    default:
      return undefined;
  }
}

/**
 * Clock, timers, randomness, environment and console are parameters: only `src/main` and `src/host`
 * may take the real ones.
 */
export function globalBreaches(file: SourceText): readonly Breach[] {
  if (!file.path.startsWith('src/') || /^src\/(main|host)\//.test(file.path)) return [];
  const own = bound(file);
  const breaches: Breach[] = [];
  visit(file.statements, (node) => {
    const what = outsideUse(node, own);
    if (what !== undefined) {
      breaches.push({ path: file.path, line: file.lineSpan(node).first, what: `uses ${what}` });
    }
  });
  return breaches;
}
