import type { ServedResource } from '../model/resource.ts';
import { NAMES, ref, type Node } from './metadata.ts';
import { gvk, schemaName } from './schemas.ts';

function parameter(name: string, type: string, description: string): Node {
  return { name, in: 'query', description, schema: { type, uniqueItems: true } };
}

function inPath(name: string, description: string): Node {
  return { name, in: 'path', required: true, description, schema: { type: 'string' } };
}

const DRY_RUN = parameter('dryRun', 'string', 'All: run every check, store nothing.');

const WRITE_PARAMETERS: readonly Node[] = [
  DRY_RUN,
  parameter('fieldManager', 'string', 'Name of the program that writes.'),
  parameter('fieldValidation', 'string', 'Ignore, Warn or Strict: what to do on unknown fields.'),
];

const FORCE = parameter('force', 'boolean', 'Apply only: take fields that others own.');

const SELECT_PARAMETERS: readonly Node[] = [
  parameter('fieldSelector', 'string', 'Restricts by fields.'),
  parameter('labelSelector', 'string', 'Restricts by labels.'),
];

const LIST_PARAMETERS: readonly Node[] = [
  ...SELECT_PARAMETERS,
  parameter('allowWatchBookmarks', 'boolean', 'Whether the watch sends bookmarks.'),
  parameter('continue', 'string', 'Token of the next page.'),
  parameter('limit', 'integer', 'Most items of a page.'),
  parameter('resourceVersion', 'string', 'Where a watch begins, or what a list must show.'),
  parameter('resourceVersionMatch', 'string', 'How resourceVersion applies to a list.'),
  parameter('sendInitialEvents', 'boolean', 'Whether the watch begins with what exists.'),
  parameter('timeoutSeconds', 'integer', 'How long the watch lasts.'),
  parameter('watch', 'boolean', 'Watch instead of list.'),
];

const DELETE_PARAMETERS: readonly Node[] = [
  DRY_RUN,
  parameter('propagationPolicy', 'string', 'Background, Foreground or Orphan.'),
];

function content(name: string, types: readonly string[] = ['application/json']): Node {
  return Object.fromEntries(types.map((type) => [type, { schema: ref(name) }]));
}

interface Call {
  readonly action: string;
  readonly description: string;
  readonly answer: string;
  readonly parameters: readonly Node[];
  readonly body?: Node;
  readonly code?: number;
}

function operation(resource: ServedResource, id: string, call: Call): Node {
  const { action, description, answer, parameters, body, code = 200 } = call;
  return {
    description,
    operationId: `${action}${id}`,
    parameters,
    ...(body === undefined ? {} : { requestBody: { content: body, required: true } }),
    responses: { [code]: { description: 'Done.', content: content(answer) } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk(resource),
  };
}

function patchTypes(resource: ServedResource): readonly string[] {
  const always = [
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
  ];
  const strategic = resource.strategy.mergeKeys !== undefined;
  return strategic ? [...always, 'application/strategic-merge-patch+json'] : always;
}

function collectionPath(resource: ServedResource, id: string): Node {
  const name = schemaName(resource);
  const listName = schemaName({ ...resource, kind: `${resource.kind}List` });
  return {
    get: operation(resource, id, {
      action: 'list',
      description: `List or watch objects of kind ${resource.kind}.`,
      answer: listName,
      parameters: LIST_PARAMETERS,
    }),
    post: operation(resource, id, {
      action: 'post',
      description: `Create a ${resource.kind}.`,
      answer: name,
      parameters: WRITE_PARAMETERS,
      body: content(name),
      code: 201,
    }),
    ...(resource.namespaced
      ? {
          delete: operation(resource, id, {
            action: 'deletecollection',
            description: `Delete objects of kind ${resource.kind}.`,
            answer: listName,
            parameters: [...SELECT_PARAMETERS, ...DELETE_PARAMETERS],
            body: content(NAMES.deleteOptions),
          }),
        }
      : {}),
  };
}

function objectPath(resource: ServedResource, id: string): Node {
  const name = schemaName(resource);
  const { kind } = resource;
  return {
    get: operation(resource, id, {
      action: 'get',
      description: `Read a ${kind}.`,
      answer: name,
      parameters: [],
    }),
    put: operation(resource, id, {
      action: 'put',
      description: `Replace a ${kind}.`,
      answer: name,
      parameters: WRITE_PARAMETERS,
      body: content(name),
    }),
    patch: operation(resource, id, {
      action: 'patch',
      description: `Change parts of a ${kind}.`,
      answer: name,
      parameters: [...WRITE_PARAMETERS, FORCE],
      body: Object.fromEntries(
        patchTypes(resource).map((type) => [type, { schema: { type: 'object' } }]),
      ),
    }),
  };
}

function deleteObject(resource: ServedResource, id: string): Node {
  return operation(resource, id, {
    action: 'delete',
    description: `Delete a ${resource.kind}.`,
    answer: NAMES.status,
    parameters: DELETE_PARAMETERS,
    body: content(NAMES.deleteOptions),
  });
}

/** The paths of a resource with their operations. */
export function pathsOf(resource: ServedResource, root: string): Readonly<Record<string, Node>> {
  const { plural, kind, namespaced } = resource;
  const base = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
  const namespace = namespaced ? [inPath('namespace', 'Namespace of the object.')] : [];
  const parameters = [...namespace, inPath('name', `Name of the ${kind}.`)];
  const id = `${namespaced ? 'Namespaced' : ''}${kind}`;
  const across = collectionPath(resource, `${kind}ForAllNamespaces`)['get'];
  return {
    ...(namespaced ? { [`${root}/${plural}`]: { get: across } } : {}),
    [base]: { ...collectionPath(resource, id), parameters: namespace },
    [`${base}/{name}`]: {
      ...objectPath(resource, id),
      delete: deleteObject(resource, id),
      parameters,
    },
    ...(resource.subresources.status
      ? { [`${base}/{name}/status`]: { ...objectPath(resource, `${id}Status`), parameters } }
      : {}),
  };
}
