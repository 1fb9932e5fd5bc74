import { isAlias, isMap, isScalar, isSeq, type Document, type Node } from 'yaml';
import { nodeOf } from './node.ts';

/** What stands at a field path, or as near to it as the document goes. */
export interface Located {
  /** Offset of the value, or of its key when asked for or when there is no value. */
  readonly offset: number;
  /** The text of a value that was written without quotes. */
  readonly plain?: string;
}

interface Step {
  readonly node: Node | null;
  readonly keyOffset?: number;
  readonly rest: string;
}

function startOf(node: Node | null | undefined): number {
  return node?.range?.[0] ?? 0;
}

function endsStep(rest: string, key: string): boolean {
  const after = rest.charAt(key.length);
  return rest.startsWith(key) && (after === '' || after === '.' || after === '[');
}

/** Keys may hold dots, so the longest key that fits is taken. */
function intoMap(node: Node | null, rest: string): Step | undefined {
  if (!isMap(node)) return undefined;
  let best: (Step & { readonly length: number }) | undefined;
  for (const { key, value } of node.items) {
    if (!isScalar(key)) continue;
    const name = key.source ?? String(key.value);
    if (!endsStep(rest, name) || (best !== undefined && best.length >= name.length)) continue;
    best = {
      node: nodeOf(value),
      keyOffset: startOf(key),
      rest: rest.slice(name.length).replace(/^\./, ''),
      length: name.length,
    };
  }
  return best;
}

function intoList(node: Node | null, rest: string): Step | undefined {
  const match = /^\[(\d{1,6})\]\.?/.exec(rest);
  if (!isSeq(node) || match === null) return undefined;
  const item = nodeOf(node.items[Number(match[1])]);
  if (item === null) return undefined;
  return {
    node: item,
    keyOffset: startOf(item),
    rest: rest.slice(match[0].length),
  };
}

/** Finds a field path such as `spec.versions[0].name` in a document. */
export function locate(document: Document, path: string, want: 'key' | 'value'): Located {
  let here: Step = { node: document.contents, rest: path };
  while (here.rest !== '') {
    const node = isAlias(here.node) ? (here.node.resolve(document) ?? null) : here.node;
    const next = intoMap(node, here.rest) ?? intoList(node, here.rest);
    if (next === undefined) break;
    here = next;
  }
  const { node, keyOffset, rest } = here;
  const found = rest === '';
  if (!isScalar(node) || want === 'key' || !found) {
    return { offset: keyOffset ?? startOf(node) };
  }
  const { type, source } = node;
  const plain = type === 'PLAIN' && source !== undefined ? { plain: source } : {};
  return { offset: startOf(node), ...plain };
}
