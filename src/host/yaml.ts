import { Document, isScalar, visit } from 'yaml';

/** Characters that end a line in YAML 1.1, that its readers refuse or drop, or that command a terminal. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff]/g;
/** What readers of YAML 1.1 do not take for plain text, beside what the package knows of. */
const NEVER_PLAIN = /^=$|^[^\n]*\t[^\n]*$|[\u007f-\u009f\u2028\u2029\ufeff]/;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * A value as YAML that readers of 1.1 (kubectl, Flux, Argo CD, Python) and of 1.2 read alike: text stands
 * in quotes where either would read something else. In 1.1 `on` and `n` are booleans and `12:30` is 750.
 */
export function yamlText(value: unknown): string {
  const document = new Document(value, { compat: 'yaml-1.1', aliasDuplicateObjects: false });
  visit(document, (_, node) => {
    if (isScalar(node) && typeof node.value === 'string' && NEVER_PLAIN.test(node.value)) {
      node.type = 'QUOTE_DOUBLE';
    }
  });
  // All that holds such a character is in double quotes by now, where an escape may stand.
  return document.toString({ lineWidth: 0 }).replace(UNPRINTABLE, escaped);
}
