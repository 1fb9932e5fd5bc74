import { KINDS } from '../api/kinds/all.ts';
import type { ApiObject } from '../api/object.ts';
import { isObject } from '../core/json.ts';
import { resourceOf } from '../kube/resource.ts';
import { printAnswer, withAnswer, type AnswerOptions, type Connection } from './connection.ts';
import type { AddCommand, Result } from './context.ts';
import { notFound, parseTarget, type Target } from './target.ts';
import { viewOf, type ObjectView, type ShownObject } from './view.ts';

const HELP = `
Shows everything as a tree: what people declared, below it what controllers made of it, how far each is,
and what a person must do. With KIND/NAME, only that object and what belongs to it.

Examples:
  lamina status
  lamina status imgt/sales
  lamina status --data ~/lamina -o json`;

/** An object with what controllers made of it. */
export interface StatusNode extends ObjectView {
  readonly children: readonly StatusNode[];
}

const ROLES: Readonly<Record<string, string>> = {
  OSLayer: 'os',
  PlatformLayer: 'platform',
  AppLayer: 'app',
};

function field(object: ApiObject, name: string): unknown {
  return isObject(object.spec) ? object.spec[name] : undefined;
}

/** Whether one object was made for another. */
function belongsTo(child: ApiObject, parent: ApiObject): boolean {
  const { name } = parent.metadata;
  switch (child.kind) {
    case 'LayerVersion':
      return field(child, 'layer') === name && field(child, 'role') === ROLES[parent.kind];
    case 'PackagingMachine':
      return parent.kind === 'LayerVersion' && field(child, 'layerVersion') === name;
    case 'LayeredImage':
      return parent.kind === 'ImageTemplate' && field(child, 'template') === name;
    default:
      return false;
  }
}

function nodeOf(object: ShownObject, all: readonly ShownObject[]): StatusNode {
  const children = all.filter((other) => belongsTo(other, object));
  return { ...viewOf(object), children: children.map((child) => nodeOf(child, all)) };
}

function own(view: ObjectView, indent: string): readonly string[] {
  const mark = view.ready ? '✓' : view.stalled ? '✗' : view.action === undefined ? '…' : '!';
  const short = KINDS.find(({ kind }) => kind === view.kind)?.short ?? view.kind;
  const percent = view.progress === undefined ? '' : ` ${view.progress.percent}%`;
  const head = `${indent}${mark} ${short}/${view.name}  ${view.reason}${percent}`;
  const said = view.ready ? head : `${head}: ${view.message}`;
  return view.action === undefined ? [said] : [said, ...todo(view, `${indent}    `)];
}

function todo({ action, location }: ObjectView, indent: string): readonly string[] {
  if (action === undefined) return [];
  const where = [action.machine, action.url, location?.text].filter((text) => text !== undefined);
  return [
    `${indent}to do: ${action.text}`,
    ...(where.length === 0 ? [] : [`${indent}where: ${where.join(', ')}`]),
  ];
}

/** A node and everything below it, as lines. */
function treeLines(node: StatusNode, indent = ''): readonly string[] {
  const below = node.children.flatMap((child) => treeLines(child, `${indent}  `));
  return [...own(node, indent), ...below];
}

function count(nodes: readonly StatusNode[], which: (node: StatusNode) => boolean): number {
  return nodes.reduce((sum, node) => sum + (which(node) ? 1 : 0) + count(node.children, which), 0);
}

/** Reads the tree of a namespace, or of one object. */
async function readStatus(
  { client, namespace }: Connection,
  target: Target | undefined,
  signal: AbortSignal,
): Promise<Result> {
  const lists = await Promise.all(
    KINDS.map(({ kind }) => client.list<ShownObject>(resourceOf(kind), { namespace, signal })),
  );
  const all = lists.flatMap(({ items }) => items);
  const roots = all.filter((object) => isRoot(object, all, target));
  if (target !== undefined && roots.length === 0) throw notFound(target, namespace);
  const nodes = roots.map((object) => nodeOf(object, all));
  const summary = `${count(nodes, ({ ready }) => ready)} ready, ${count(nodes, ({ ready }) => !ready)} not, ${count(nodes, ({ action }) => action !== undefined)} waiting for a person`;
  return {
    data: { namespace, objects: nodes },
    lines: [...nodes.flatMap((node) => treeLines(node)), summary],
  };
}

function isRoot(object: ApiObject, all: readonly ApiObject[], target: Target | undefined): boolean {
  if (target !== undefined) {
    return object.kind === target.definition.kind && object.metadata.name === target.name;
  }
  // What was made for something that is gone is shown too, at the top.
  return !all.some((other) => belongsTo(object, other));
}

/** `lamina status` */
export const statusCommand: AddCommand = (program, context, finish) => {
  const command = program
    .command('status')
    .description('Show what is ready, what waits, and what a person must do.')
    .argument('[kind/name]', 'only this object and what belongs to it', parseTarget)
    .addHelpText('after', HELP);
  withAnswer(command).action(async (target: Target | undefined, options: AnswerOptions) => {
    const ask = (connection: Connection) => readStatus(connection, target, context.signal);
    finish(await printAnswer(options, context, ask));
  });
};
