import { openApiSchema } from './crd.ts';
import { API_VERSION, type ConditionDoc, type KindDefinition } from './kind.ts';
import type { SchemaNode } from './validation/schema-node.ts';

interface FieldRow {
  readonly path: string;
  readonly type: string;
  readonly required: boolean;
  readonly text: string;
}

function typeOf(node: SchemaNode): string {
  if (node.additionalProperties !== undefined) return `map of ${typeOf(node.additionalProperties)}`;
  if (node.type === 'array')
    return node.items === undefined ? 'list' : `list of ${typeOf(node.items)}`;
  return node.enum === undefined ? node.type : 'word';
}

/** What a value may be, in words. */
function limitsOf(node: SchemaNode): readonly string[] {
  const { minimum, maximum, maxLength, maxItems, maxProperties, pattern, format } = node;
  const keys = node['x-kubernetes-list-map-keys'];
  const said: readonly (string | undefined)[] = [
    node.enum === undefined
      ? undefined
      : `one of ${node.enum.map((word) => `\`${String(word)}\``).join(', ')}`,
    pattern === undefined ? undefined : `matches \`${pattern.replaceAll('|', '\\|')}\``,
    format,
    minimum === undefined ? undefined : `at least ${minimum}`,
    maximum === undefined ? undefined : `at most ${maximum}`,
    maxLength === undefined ? undefined : `at most ${maxLength} characters`,
    maxItems === undefined ? undefined : `at most ${maxItems} items`,
    maxProperties === undefined ? undefined : `at most ${maxProperties} entries`,
    keys === undefined ? undefined : `one item per \`${keys.join(', ')}\``,
  ];
  return said.filter((text) => text !== undefined);
}

function below(node: SchemaNode, path: string): readonly FieldRow[] {
  if (node.items !== undefined) return below(node.items, `${path}[]`);
  if (node.additionalProperties !== undefined) return below(node.additionalProperties, `${path}.*`);
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const required = node.required?.includes(name) ?? false;
    return rowsOf(child, `${path}.${name}`, required);
  });
}

function rowsOf(node: SchemaNode, path: string, required: boolean): readonly FieldRow[] {
  const limits = limitsOf(node).join('; ');
  const text = [node.description, limits === '' ? undefined : `(${limits})`]
    .filter(Boolean)
    .join(' ');
  return [{ path, type: typeOf(node), required, text }, ...below(node, path)];
}

function fieldTable(node: SchemaNode, path: string): readonly string[] {
  const rows = below(node, path).map(
    (row) =>
      `| \`${row.path}\` | ${row.type} | ${row.required ? 'yes' : ''} | ${row.text.replaceAll('\n', ' ')} |`,
  );
  return ['| Field | Type | Required | What it is |', '|---|---|---|---|', ...rows];
}

function conditionSection({ type, meaning, reasons }: ConditionDoc): readonly string[] {
  const rows = Object.entries(reasons).map(([reason, text]) => `| \`${reason}\` | ${text} |`);
  return [`### ${type}`, '', meaning, '', '| Reason | Meaning |', '|---|---|', ...rows, ''];
}

const KSTATUS = `Beside these, \`Reconciling\` is there while work goes on and \`Stalled\` when only an edit helps, as kstatus defines them.`;

function exampleSection(
  definition: KindDefinition,
  example: string | undefined,
): readonly string[] {
  if (example !== undefined) return ['## Example', '', '```yaml', example.trim(), '```', ''];
  return [
    '## Example',
    '',
    `Controllers write this kind; look at one with \`kubectl get ${definition.short} -o yaml\`.`,
    '',
  ];
}

function ruleSection({ rules }: KindDefinition): readonly string[] {
  if (rules.length === 0) return [];
  return ['### Rules', '', ...rules.map(({ message }) => `- ${message}`), ''];
}

function columnSection({ columns }: KindDefinition): readonly string[] {
  const rows = columns.map(
    ({ name, description, priority = 0 }) =>
      `| ${name.toUpperCase()} | ${description}${priority > 0 ? ' Only with `-o wide`.' : ''} |`,
  );
  return ['## Columns', '', '| Column | Shows |', '|---|---|', ...rows, ''];
}

/** The reference page of a kind: everything that its definition says, in Markdown. */
export function referencePage(definition: KindDefinition, example?: string): string {
  const { kind, short, plural, description, writtenBy } = definition;
  const schema = openApiSchema(definition);
  const { spec, status } = schema.properties ?? {};
  if (spec === undefined || status === undefined)
    throw new TypeError(`${kind} has no spec or status`);
  return [
    '<!-- Made by `make generate`; do not edit. -->',
    '',
    `# ${kind}`,
    '',
    description,
    '',
    `\`apiVersion: ${API_VERSION}\`, short name \`${short}\`, plural \`${plural}\`; written by ${writtenBy}.`,
    '',
    ...exampleSection(definition, example),
    '## Spec',
    '',
    ...fieldTable(spec, 'spec'),
    '',
    ...ruleSection(definition),
    '## Status',
    '',
    ...fieldTable(status, 'status'),
    '',
    '## Conditions',
    '',
    KSTATUS,
    '',
    ...definition.conditions.flatMap(conditionSection),
    ...columnSection(definition),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}
