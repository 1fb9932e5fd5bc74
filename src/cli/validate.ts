import { join } from 'node:path';
import { readDirectory } from '../sources/directory.ts';
import type { Problem, Snapshot } from '../sources/snapshot.ts';
import { problemLines, validateSnapshot } from '../sources/validate.ts';
import { namespaceArgument } from './arguments.ts';
import type { AddCommand, Result } from './context.ts';
import { outputOption, print, type Format } from './print.ts';

const HELP = `
Reads YAML and JSON files, and directories of them, as one set, and says for every mistake where it is:
syntax, unknown fields, wrong values, duplicates, references that the set itself shows to be wrong.
What is not in the set may come later and is no mistake. Nothing is applied.

Exit code: 0 all is well, 1 there are problems, 2 wrong usage.

Examples:
  lamina validate .
  lamina validate layers/ templates/sales.yaml
  lamina validate -o json . | jq '.problems[].message'`;

/** Paths as the person wrote them, so that editors find the lines. */
async function readPath(path: string): Promise<Snapshot> {
  const snapshot = await readDirectory(path);
  const [only] = [
    ...snapshot.files.map(({ path: name }) => name),
    ...snapshot.problems.map(({ file }) => file),
  ];
  const isFile = only !== undefined && (path === only || path.endsWith(`/${only}`));
  const place = (name: string) => (isFile ? path : join(path, name));
  return {
    revision: snapshot.revision,
    files: snapshot.files.map((file) => ({ ...file, path: place(file.path) })),
    problems: snapshot.problems.map((problem: Problem) => ({
      ...problem,
      file: place(problem.file),
    })),
  };
}

function plural(count: number, thing: string): string {
  return `${count === 0 ? 'no' : count} ${thing}${count === 1 ? '' : 's'}`;
}

/** Judges everything below some paths as one set. */
async function validatePaths(paths: readonly string[], namespace: string): Promise<Result> {
  const parts = await Promise.all(paths.map(readPath));
  const files = parts.flatMap((part) => part.files);
  const snapshot = { files, problems: parts.flatMap((part) => part.problems) };
  const { objects, problems } = validateSnapshot(snapshot, { namespace });
  const listed = objects.map(({ kind, namespace: at, name, place: { file, line } }) => ({
    kind,
    ...(at === undefined ? {} : { namespace: at }),
    name,
    file,
    line,
  }));
  const summary = [
    plural(files.length, 'file'),
    plural(objects.length, 'object'),
    plural(problems.length, 'problem'),
  ];
  return {
    data: { objects: listed, problems },
    lines: [...problemLines(problems), summary.join(', ')],
    code: problems.length === 0 ? 0 : 1,
  };
}

/** `lamina validate` */
export const validateCommand: AddCommand = (program, context, finish) => {
  program
    .command('validate')
    .description('Judge manifests before they are committed.')
    .argument('<path...>', 'files and directories')
    .option(
      '-n, --namespace <name>',
      'namespace of manifests that name none',
      namespaceArgument,
      'default',
    )
    .addOption(outputOption())
    .addHelpText('after', HELP)
    .action(async (paths: string[], options: { namespace: string; output: Format }) => {
      const result = await validatePaths(paths, options.namespace);
      print(context, result, options.output);
      finish(result.code ?? 0);
    });
};
