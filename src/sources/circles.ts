type Edges = ReadonlyMap<string, readonly string[]>;

function reversed(edges: Edges): Edges {
  const result = new Map<string, string[]>([...edges.keys()].map((node) => [node, []]));
  for (const [from, targets] of edges) for (const to of targets) result.get(to)?.push(from);
  return result;
}

/** Takes away what has nothing below it, again and again; what is left leads into a circle. */
function peeled(edges: Edges): ReadonlySet<string> {
  const left = new Set(edges.keys());
  const open = new Map([...edges].map(([node, targets]) => [node, targets.length]));
  const above = reversed(edges);
  const ready = [...left].filter((node) => open.get(node) === 0);
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    left.delete(node);
    for (const user of above.get(node) ?? []) {
      const count = (open.get(user) ?? 0) - 1;
      open.set(user, count);
      if (count === 0) ready.push(user);
    }
  }
  return left;
}

/**
 * The nodes on a circle, or between two of them, in linear time and without recursion: the graph comes
 * from git. Edges to nodes that are not in the map do not count.
 */
export function circular(edges: Edges): ReadonlySet<string> {
  const known = new Map(
    [...edges].map(([node, targets]) => [node, targets.filter((target) => edges.has(target))]),
  );
  const forth = peeled(known);
  const back = peeled(reversed(known));
  return new Set([...forth].filter((node) => back.has(node)));
}
