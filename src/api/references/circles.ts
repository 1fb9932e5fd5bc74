type Edges = ReadonlyMap<string, readonly string[]>;
type Steps = ReadonlyMap<string, string>;

/** The nodes in the order in which a search depth first leaves them, and who leads to each. */
function depthFirst(edges: Edges) {
  const left: string[] = [];
  const above = new Map<string, string[]>();
  const path: { readonly node: string; readonly rest: Iterator<string, undefined> }[] = [];
  const enter = (node: string) => {
    above.set(node, []);
    path.push({ node, rest: (edges.get(node) ?? []).values() });
  };
  for (const start of edges.keys()) {
    if (!above.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.rest.next().value;
      if (next === undefined) {
        left.push(top.node);
        path.pop();
        continue;
      }
      if (!above.has(next)) enter(next);
      above.get(next)?.push(top.node);
    }
  }
  return { left, above };
}

/** The steps from a node to the first one that is known, or to the end. */
function follow(steps: Steps, start: string, known: ReadonlySet<string>): readonly string[] {
  const path: string[] = [];
  for (let node = steps.get(start); node !== undefined; node = steps.get(node)) {
    path.push(node);
    if (known.has(node)) break;
  }
  return path;
}

/** A circle from two ways: there to the root of a group, and back again, cut short where they meet. */
function circleFrom(node: string, onward: Steps, came: Steps): readonly string[] {
  const there = [node, ...follow(onward, node, new Set())];
  const back = follow(came, node, new Set(there)).toReversed();
  return [
    ...there.slice(
      0,
      there.findIndex((step) => step === back[0]),
    ),
    ...back,
  ];
}

/**
 * Finds a circle through a node, as its nodes in order, the node first. Linear in the graph, then in
 * what is told, and without recursion: the graph comes from git. Nodes that lead to each other form a
 * group (Kosaraju); each has a way to the root of its group, and one from there.
 */
export function circlesOf(edges: Edges): (node: string) => readonly string[] | undefined {
  const { left, above } = depthFirst(edges);
  const onward = new Map<string, string>();
  const came = new Map<string, string>();
  const seen = new Set<string>();
  for (const root of left.reverse()) {
    if (seen.has(root)) continue;
    const group = new Set([root]);
    // Both go breadth first: what a loop adds to a set, it comes to later.
    for (const node of group) {
      seen.add(node);
      for (const user of above.get(node) ?? []) {
        if (seen.has(user) || group.has(user)) continue;
        onward.set(user, node);
        group.add(user);
      }
    }
    const reached = new Set([root]);
    for (const node of reached) {
      for (const next of edges.get(node) ?? []) {
        if (!group.has(next) || came.has(next)) continue;
        came.set(next, node);
        reached.add(next);
      }
    }
  }
  const found = new Map<string, readonly string[]>();
  return (node) => {
    if (!came.has(node)) return undefined;
    const circle = found.get(node) ?? circleFrom(node, onward, came);
    // A long circle is worked out once, and told of all that are in it.
    for (const step of found.has(node) ? [] : circle) found.set(step, found.get(step) ?? circle);
    const start = circle.indexOf(node);
    return [...circle.slice(start), ...circle.slice(0, start)];
  };
}
