import { API_VERSION } from '../api/kind.ts';
import type { AddCommand, Result } from './context.ts';
import { outputOption, print, type Format } from './print.ts';

/** What runs here. */
function describeVersion(version: string, node: string): Result {
  return {
    data: { lamina: version, node, api: API_VERSION },
    lines: [`lamina ${version} (node ${node}, ${API_VERSION})`],
  };
}

/** `lamina version` */
export const versionCommand: AddCommand = (program, context) => {
  program
    .command('version')
    .description('Say which version this is.')
    .addOption(outputOption())
    .action(({ output }: { output: Format }) => {
      print(context, describeVersion(context.version, process.versions.node), output);
    });
};
