import { join } from 'node:path';
import { KINDS } from '../../../src/api/kinds/all.ts';
import { readSources, visit, type SyntaxNode } from '../../architecture/source.ts';
import { expect, it } from '../../support/runner.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** Reasons of Events, which no condition has. */
const OF_EVENTS = ['StartedOver', 'GoneFromStore'];

const declared = new Set([
  ...OF_EVENTS,
  ...KINDS.flatMap(({ conditions }) => conditions.flatMap(({ reasons }) => Object.keys(reasons))),
]);

/** The reasons that an object literal gives: `reason: 'Waiting'`, or a choice of several. */
function reasonsOf(node: SyntaxNode): readonly string[] {
  if (node.type !== 'KeyValueProperty' || node['key'].value !== 'reason') return [];
  const found: string[] = [];
  visit(node['value'], (each) => {
    if (each.type === 'StringLiteral') found.push(each['value']);
  });
  return found;
}

it('every reason that a plan gives is declared by a kind', async () => {
  const files = await readSources(ROOT, ['src/reconcilers']);
  const found: string[] = [];
  for (const { path, statements } of files) {
    visit(statements, (node) => {
      for (const reason of reasonsOf(node)) found.push(`${reason} in ${path}`);
    });
  }
  expect(found.length).toBeGreaterThan(40);
  expect(found.filter((each) => !declared.has(each.split(' ', 1)[0] ?? ''))).toEqual([]);
});
