import { openApiSchema } from '../../api/crd.ts';
import { API_VERSION, GROUP, VERSION, type KindDefinition } from '../../api/kind.ts';
import { KINDS } from '../../api/kinds/all.ts';
import type { SchemaNode } from '../../api/validation/schema-node.ts';
import { checkObject } from '../../api/validation/check.ts';
import { METADATA_SCHEMA } from '../objects/metadata.ts';
import type { ServedResource } from '../model/resource.ts';
import { CONFIG_MAPS } from './config-map.ts';
import { DEFINITIONS } from './definition.ts';
import { EVENTS } from './event.ts';
import { NEW_EVENTS } from './new-event.ts';
import { LEASES } from './lease.ts';
import { NAMESPACES } from './namespace.ts';
import { SECRETS } from './secret.ts';

function schemaOf(definition: KindDefinition): SchemaNode {
  const schema = openApiSchema(definition);
  return { ...schema, properties: { ...schema.properties, metadata: METADATA_SCHEMA } };
}

/** The resource of one of our own kinds, with the behaviour of a CustomResourceDefinition. */
function ownResource(definition: KindDefinition): ServedResource {
  const { kind, plural, singular, short } = definition;
  return {
    group: GROUP,
    version: VERSION,
    apiVersion: API_VERSION,
    kind,
    plural,
    singular,
    short: [short],
    categories: ['lamina'],
    namespaced: true,
    subresources: { status: true },
    schema: schemaOf(definition),
    definition,
    strategy: {
      check: (candidate, against = {}) => checkObject(definition, candidate, against),
      generation: true,
      unconditionalUpdate: false,
      labelName: false,
      selectable: {},
      unowned: { main: ['status'], status: ['metadata', 'spec'] },
    },
  };
}

/** Everything that is served, built-in kinds first. */
export const RESOURCES: readonly ServedResource[] = [
  NAMESPACES,
  CONFIG_MAPS,
  SECRETS,
  EVENTS,
  NEW_EVENTS,
  DEFINITIONS,
  LEASES,
  ...KINDS.map(ownResource),
];
