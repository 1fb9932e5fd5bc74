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

/** Goes breadth first to all that is taken. */
function spread(start: string, edges: Edges, take: (node: string, from: string) => boolean): void {
  const open = [start];
  for (const from of open) {
    for (const node of edges.get(from) ?? []) if (take(node, from)) open.push(node);
  }
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
  const rootOf = new Map<string, string>();
  const onward = new Map<string, string>();
  const came = new Map<string, string>();
  for (const root of left.reverse()) {
    if (rootOf.has(root)) continue;
    rootOf.set(root, root);
    spread(root, above, (user, node) => {
      if (rootOf.has(user)) return false;
      rootOf.set(user, root);
      onward.set(user, node);
      return true;
    });
    spread(root, edges, (next, node) => {
      if (rootOf.get(next) !== root || came.has(next)) return false;
      came.set(next, node);
      return true;
    });
  }
  const found = new Map<string, readonly string[]>();
  return (node) => {
    if (!came.has(node)) return undefined;
    const circle = found.get(node) ?? circleFrom(node, onward, came);
    // A long circle is worked out once, and told of all that are in it.
    for (const step of found.has(node) ? [] : circle) if (!found.has(step)) found.set(step, circle);
    const start = circle.indexOf(node);
    return [...circle.slice(start), ...circle.slice(0, start)];
  };
}
