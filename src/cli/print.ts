import { InvalidArgumentError, Option } from 'commander';
import { yamlText } from '../host/yaml.ts';
import type { CliContext, Result } from './context.ts';

/** How data is printed. */
export type Format = 'table' | 'json' | 'yaml';

/** The option that every command with data has. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'table, json or yaml')
    .choices(['table', 'json', 'yaml'])
    .default('table');
}

/** The one printer. Control characters of whatever comes from outside never reach a terminal. */
export function print(context: CliContext, { data, lines }: Result, format: Format): void {
  context.stdout.write(render(data, lines, format));
}

function render(data: unknown, lines: readonly string[], format: Format): string {
  if (format === 'json') return `${JSON.stringify(data, null, 2)}\n`;
  if (format === 'yaml') return yamlText(data);
  return lines.map((line) => `${harmless(line)}\n`).join('');
}

/** Text without characters that command a terminal. */
export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (character) => (character === '\t' ? ' ' : '\uFFFD'));
}

/** Refuses an argument: usage, exit code 2. */
export function badArgument(message: string): InvalidArgumentError {
  return new InvalidArgumentError(message);
}
