/**
 * Text that a stranger wrote, without anything that could act on whoever prints it: control characters,
 * and what changes the direction of text or is not seen. Line ends and tabs stay.
 */
export function cleanText(text: string): string {
  return text.replaceAll(/[\u2028\u2029]/gu, '\n').replaceAll(/[^\P{C}\n\t]/gu, '');
}

/** The same for what must be a single line. */
export function cleanLine(text: string): string {
  return cleanText(text)
    .replaceAll(/[\n\t]+/g, ' ')
    .trim();
}
