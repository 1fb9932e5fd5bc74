import { isObject } from '../../core/json.ts';
import type { ServedResource } from '../model/resource.ts';
import { described, NAMES, ref, type Node } from './metadata.ts';

type Named = Pick<ServedResource, 'group' | 'version' | 'kind'>;

/** The name of a schema: the group backwards, as `dev.lamina.v1alpha1.OSLayer`. */
export function schemaName({ group, version, kind }: Named): string {
  if (group === '') return `io.k8s.api.core.${version}.${kind}`;
  const [first = '', ...rest] = group.split('.');
  if (rest.join('.') === 'k8s.io') return `io.k8s.api.${first}.${version}.${kind}`;
  return `${group.split('.').reverse().join('.')}.${version}.${kind}`;
}

/** The name of the schema of a list. */
export function listName(resource: Named): string {
  return schemaName({ ...resource, kind: `${resource.kind}List` });
}

/** The mark by which clients find the schema and the operations of a kind. */
export function gvk({ group, version, kind }: Named): Node {
  return { group, version, kind };
}

const IDENTITY: Node = {
  apiVersion: { description: 'API version of this object.', type: 'string' },
  kind: { description: 'Kind of this object.', type: 'string' },
};

function objectSchema(resource: ServedResource): Node {
  const { schema } = resource;
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  return {
    ...schema,
    properties: {
      ...IDENTITY,
      ...properties,
      metadata: described('Metadata that all objects have.', NAMES.objectMeta),
    },
    'x-kubernetes-group-version-kind': [gvk(resource)],
  };
}

function listSchema(resource: ServedResource): Node {
  const kind = `${resource.kind}List`;
  return {
    description: `${kind} is a list of ${resource.kind}.`,
    type: 'object',
    required: ['items'],
    properties: {
      ...IDENTITY,
      items: { description: 'The objects.', type: 'array', items: ref(schemaName(resource)) },
      metadata: described('Metadata of the list.', NAMES.listMeta),
    },
    'x-kubernetes-group-version-kind': [gvk({ ...resource, kind })],
  };
}

/** The schemas of a resource: the object and its list. */
export function schemasOf(resource: ServedResource): Readonly<Record<string, Node>> {
  return {
    [schemaName(resource)]: objectSchema(resource),
    [listName(resource)]: listSchema(resource),
  };
}
