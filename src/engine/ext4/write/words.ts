import { badName } from '../failures.ts';

const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 1000;

/** A word of a debugfs command. The caller has refused control characters before. */
export function quoted(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}

function isControl(character: string): boolean {
  return character < ' ' || character === '\u007f';
}

/**
 * Refuses text that debugfs would take for more than one command. A newline in a file name would
 * run the rest of the name.
 */
export function checkText(text: string, what: string): void {
  if (text.split('').some(isControl)) {
    throw badName(`${what} holds a control character: ${JSON.stringify(text)}`);
  }
  if (!text.isWellFormed()) throw badName(`${what} is not well-formed: ${JSON.stringify(text)}`);
}

/** The names along an absolute, normalized path; refuses anything else. */
export function namesOf(path: string): readonly string[] {
  checkText(path, 'a path');
  if (path === '/') return [];
  const [first, ...names] = path.split('/');
  const bad = names.some(
    (name) =>
      name === '' || name === '.' || name === '..' || Buffer.byteLength(name) > MAX_NAME_BYTES,
  );
  if (first !== '' || bad || names.length > MAX_DEPTH)
    throw badName(`${JSON.stringify(path)} is no absolute, normalized path`);
  return names;
}
