import { stripVTControlCharacters } from 'node:util';

/**
 * Text that a stranger wrote, without anything that could act on whoever prints it: escape sequences,
 * control characters, halves of characters, and what changes the direction of text or is not seen. Line
 * ends and tabs stay.
 */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll(/\r\n?|[\u2028\u2029]/gu, '\n')
    .replaceAll(/[^\P{C}\n\t]/gu, '');
}

/** The same for what must be a single line, cut where it is too long for its place. */
export function cleanLine(text: string, mostChars = Infinity): string {
  const line = cleanText(text)
    .replaceAll(/[\n\t]+/g, ' ')
    .trim();
  if (line.length <= mostChars) return line;
  // The cut may fall into the middle of a character.
  return `${line.slice(0, mostChars - 1).replace(/\p{Cs}$/u, '')}…`;
}

/** Text up to its first line end. */
export function firstLine(text: string): string {
  return text.replace(/\r?\n.*$/s, '');
}

const ADDRESS = /\b([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s/?#'"<>]*@)?([^\s?#'"<>]*)(\?[^\s#'"<>]*)?/gi;

/**
 * Text without what may be secret in the addresses that it holds: names, passwords and queries. How ssh
 * logs in is a name only, which people need to see.
 */
export function withoutSecrets(text: string): string {
  return text.replaceAll(ADDRESS, (_, ...parts: readonly (string | undefined)[]) => {
    const [scheme = '', user = '', place = '', query] = parts;
    const isName = /^ssh:/i.test(scheme) && !user.includes(':');
    const shown = user === '' || isName ? user : '…@';
    return `${scheme}${shown}${place}${query === undefined ? '' : '?…'}`;
  });
}
