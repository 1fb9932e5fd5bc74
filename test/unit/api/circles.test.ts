import fc from 'fast-check';
import { circlesOf } from '../../../src/api/references/circles.ts';
import { describe, expect, it } from '../../support/runner.ts';

type Graph = ReadonlyMap<string, readonly string[]>;

const graphs: fc.Arbitrary<Graph> = fc
  .array(fc.uniqueArray(fc.nat(9), { maxLength: 4 }), { minLength: 1, maxLength: 10 })
  .map(
    (rows) =>
      new Map(
        rows.map((row, node) => [
          String(node),
          row.filter((to) => to < rows.length).map((to) => String(to)),
        ]),
      ),
  );

/** What a node leads to, by the definition: add what those lead to until nothing is new. */
function reach(graph: Graph, node: string): ReadonlySet<string> {
  let all = new Set(graph.get(node));
  for (let size = -1; size !== all.size;) {
    size = all.size;
    all = new Set([...all, ...[...all].flatMap((one) => graph.get(one) ?? [])]);
  }
  return all;
}

describe('circlesOf', () => {
  it('finds a circle exactly for what leads back to itself, and no step twice in it', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const circleOf = circlesOf(graph);
        for (const node of graph.keys()) {
          const path = circleOf(node);
          expect(path !== undefined).toBe(reach(graph, node).has(node));
          if (path === undefined) continue;
          expect(path[0]).toBe(node);
          for (const [i, from] of path.entries()) {
            expect(graph.get(from)).toContain(path[i + 1] ?? node);
          }
          expect(new Set(path).size).toBe(path.length);
        }
      }),
      { seed: 7, numRuns: 2000 },
    );
  });
});
