import type { ServedResource } from '../model/resource.ts';
import { NAMES, ref, type Node } from './metadata.ts';
import { gvk, listName, schemaName } from './schemas.ts';

function parameter(name: string, type: string, description: string): Node {
  return { name, in: 'query', description, schema: { type, uniqueItems: true } };
}

function inPath(name: string, description: string): Node {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

const DRY_RUN = parameter('dryRun', 'string', 'All: run every check, store nothing.');

const WRITE: readonly Node[] = [
  DRY_RUN,
  parameter('fieldManager', 'string', 'Name of the program that writes.'),
  parameter('fieldValidation', 'string', 'Ignore, Warn or Strict: what to do on unknown fields.'),
];

const FORCE = parameter('force', 'boolean', 'Apply only: take fields that others own.');

const SELECT: readonly Node[] = [
  parameter('fieldSelector', 'string', 'Restricts by fields.'),
  parameter('labelSelector', 'string', 'Restricts by labels.'),
];

const LIST: readonly Node[] = [
  ...SELECT,
  parameter('allowWatchBookmarks', 'boolean', 'Whether the watch sends bookmarks.'),
  parameter('continue', 'string', 'Token of the next page.'),
  parameter('limit', 'integer', 'Most items of a page.'),
  parameter('resourceVersion', 'string', 'Where a watch begins, or what a list must show.'),
  parameter('resourceVersionMatch', 'string', 'How resourceVersion applies to a list.'),
  parameter('sendInitialEvents', 'boolean', 'Whether the watch begins with what exists.'),
  parameter('timeoutSeconds', 'integer', 'How long the watch lasts.'),
  parameter('watch', 'boolean', 'Watch instead of list.'),
];

const DELETE: readonly Node[] = [
  DRY_RUN,
  parameter('propagationPolicy', 'string', 'Background, Foreground or Orphan.'),
];

function content(name: string): Node {
  return { 'application/json': { schema: ref(name) } };
}

/** What an operation takes, besides its path. */
interface Input {
  readonly parameters?: readonly Node[];
  readonly body?: Node;
  /** Of the answer. */
  readonly code?: number;
}

/** Writes the operations of a resource that share the end of their ids. */
function operations(resource: ServedResource, id: string) {
  return (action: string, description: string, answer: string, input: Input = {}): Node => {
    const { parameters = [], body, code = 200 } = input;
    return {
      description,
      operationId: `${action}${id}`,
      parameters,
      ...(body === undefined ? {} : { requestBody: { content: body, required: true } }),
      responses: { [code]: { description: 'Done.', content: content(answer) } },
      'x-kubernetes-action': action,
      'x-kubernetes-group-version-kind': gvk(resource),
    };
  };
}

function patchTypes(resource: ServedResource): readonly string[] {
  const kinds = ['apply-patch+yaml', 'json-patch+json', 'merge-patch+json'];
  const strategic = resource.strategy.mergeKeys === undefined ? [] : ['strategic-merge-patch+json'];
  return [...kinds, ...strategic].map((kind) => `application/${kind}`);
}

function listOperation(resource: ServedResource, id: string): Node {
  const { kind } = resource;
  const words = `List or watch objects of kind ${kind}.`;
  return operations(resource, id)('list', words, listName(resource), { parameters: LIST });
}

function collectionPath(resource: ServedResource, id: string): Node {
  const { kind, namespaced } = resource;
  const name = schemaName(resource);
  const of = operations(resource, id);
  const created = { parameters: WRITE, body: content(name), code: 201 };
  const gone = { parameters: [...SELECT, ...DELETE], body: content(NAMES.deleteOptions) };
  const words = `Delete objects of kind ${kind}.`;
  return {
    get: listOperation(resource, id),
    post: of('post', `Create a ${kind}.`, name, created),
    ...(namespaced ? { delete: of('deletecollection', words, listName(resource), gone) } : {}),
  };
}

/** What an object and its status have in common. */
function objectPath(resource: ServedResource, id: string): Node {
  const { kind } = resource;
  const name = schemaName(resource);
  const of = operations(resource, id);
  const patches = patchTypes(resource).map((type) => [type, { schema: { type: 'object' } }]);
  const changed = { parameters: [...WRITE, FORCE], body: Object.fromEntries(patches) };
  return {
    get: of('get', `Read a ${kind}.`, name),
    put: of('put', `Replace a ${kind}.`, name, { parameters: WRITE, body: content(name) }),
    patch: of('patch', `Change parts of a ${kind}.`, name, changed),
  };
}

function deleteOperation(resource: ServedResource, id: string): Node {
  const input = { parameters: DELETE, body: content(NAMES.deleteOptions) };
  return operations(resource, id)('delete', `Delete a ${resource.kind}.`, NAMES.status, input);
}

/** The paths of a resource with their operations. */
export function pathsOf(resource: ServedResource, root: string): Readonly<Record<string, Node>> {
  const { plural, kind, namespaced } = resource;
  const base = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const namespace = namespaced ? [inPath('namespace', 'Namespace of the object.')] : [];
  const parameters = [...namespace, inPath('name', `Name of the ${kind}.`)];
  const id = `${namespaced ? 'Namespaced' : ''}${kind}`;
  const across = listOperation(resource, `${kind}ForAllNamespaces`);
  return {
    ...(namespaced ? { [`${root}/${plural}`]: { get: across } } : {}),
    [base]: { ...collectionPath(resource, id), parameters: namespace },
    [`${base}/{name}`]: {
      ...objectPath(resource, id),
      delete: deleteOperation(resource, id),
      parameters,
    },
    ...(resource.subresources.status
      ? { [`${base}/{name}/status`]: { ...objectPath(resource, `${id}Status`), parameters } }
      : {}),
  };
}
