import { isNode, type Node } from 'yaml';

/** A key, value or item of a YAML document, whose types leave open what it is; null where nothing stands. */
export function nodeOf(part: unknown): Node | null {
  return isNode(part) ? part : null;
}
