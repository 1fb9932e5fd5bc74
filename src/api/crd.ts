import type { SchemaNode } from './validation/schema-node.ts';
import { API_VERSION, GROUP, VERSION, type KindDefinition, type Rule } from './kind.ts';

type Schema = Record<string, unknown>;

function rulesAt(rules: readonly Rule[], at: Rule['at']): Schema {
  const own = rules.filter((rule) => rule.at === at);
  if (own.length === 0) return {};
  return { 'x-kubernetes-validations': own.map(({ cel, message }) => ({ rule: cel, message })) };
}

/** The OpenAPI v3 schema of a kind, structural, with rules and the status default of kstatus. */
export function openApiSchema(definition: KindDefinition): SchemaNode {
  return {
    type: 'object',
    description: definition.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string', description: `Always ${API_VERSION}.` },
      kind: { type: 'string', description: `Always ${definition.kind}.` },
      metadata: { type: 'object' },
      spec: { ...definition.spec, ...rulesAt(definition.rules, 'spec') },
      // kstatus takes an object without any status for finished; -1 says that nobody looked yet.
      status: { ...definition.status, default: { observedGeneration: -1 } },
    },
  };
}

/** The CustomResourceDefinition of a kind. */
export function crd(definition: KindDefinition): Schema {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${definition.plural}.${GROUP}`,
      // Flux would take ${…} in descriptions and patterns for variables of its own.
      annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' },
    },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: definition.kind,
        listKind: `${definition.kind}List`,
        plural: definition.plural,
        singular: definition.singular,
        shortNames: [definition.short],
        categories: ['lamina'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: definition.columns,
          schema: { openAPIV3Schema: openApiSchema(definition) },
        },
      ],
    },
  };
}
