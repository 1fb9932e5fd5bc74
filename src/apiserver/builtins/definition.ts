import { crd } from '../../api/crd.ts';
import { GROUP, VERSION, type KindDefinition } from '../../api/kind.ts';
import { KINDS } from '../../api/kinds/all.ts';
import { isObject, jsonEqual } from '../../core/json.ts';
import { forbidden } from '../model/errors.ts';
import type { ServedResource } from '../model/resource.ts';
import { builtIn, schemaOf } from './structural.ts';

type Content = Readonly<Record<string, unknown>>;

const WHY =
  'the kinds of this server come with the program: their definitions can be read, and applied as they are';

function nameOf({ plural }: KindDefinition): string {
  return `${plural}.${GROUP}`;
}

const BY_NAME: ReadonlyMap<string, KindDefinition> = new Map(
  KINDS.map((definition) => [nameOf(definition), definition]),
);

/** What a cluster fills in, by which a definition that was read there is still the same. */
function withDefaults(spec: unknown): Content {
  return { conversion: { strategy: 'None' }, ...(isObject(spec) ? spec : {}) };
}

/** As a cluster says that a kind is served. */
function statusOf(spec: Content, since: unknown): Content {
  const holds = { status: 'True', lastTransitionTime: since };
  return {
    conditions: [
      { ...holds, type: 'NamesAccepted', reason: 'NoConflicts', message: 'no conflicts found' },
      {
        ...holds,
        type: 'Established',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      },
    ],
    acceptedNames: spec['names'],
    storedVersions: [VERSION],
  };
}

const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;

const resource = builtIn({
  group: 'apiextensions.k8s.io',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  short: ['crd', 'crds'],
  namespaced: false,
  schema: schemaOf('A CustomResourceDefinition tells of a kind that comes with this program.', {
    spec: { ...open, description: 'The kind: its group, names, scope, and schema.' },
    status: { ...open, description: 'Whether the kind is served.' },
  }),
  strategy: {
    check: (candidate, { old } = {}) => {
      const metadata = isObject(candidate['metadata']) ? candidate['metadata'] : {};
      const name = String(metadata['name']);
      const definition = BY_NAME.get(name);
      if (definition === undefined) throw forbidden(resource, name, WHY);
      const spec = withDefaults(crd(definition)['spec']);
      // One that is made again is told that it is there, whatever it says.
      const isOther = old !== undefined && !jsonEqual(withDefaults(candidate['spec']), spec);
      if (isOther) throw forbidden(resource, name, WHY);
      const status = statusOf(spec, metadata['creationTimestamp']);
      return { object: { spec, status }, unknown: [], errors: [] };
    },
    generation: true,
    unconditionalUpdate: false,
    labelName: false,
    selectable: {},
    unowned: { main: ['status'], status: [] },
    always: { spec: { names: {} } },
    mergeKeys: {},
    lifecycle: {
      labels: () => ({}),
      refuseDelete: (name) => (BY_NAME.has(name) ? WHY : undefined),
      held: () => false,
      terminating: (object) => object,
    },
  },
});

/** The definitions of our kinds, to be read by whoever looks for them as on a cluster. */
export const DEFINITIONS: ServedResource = { ...resource, categories: ['api-extensions'] };

/** What a server keeps of them, by name. */
export function servedDefinitions(): ReadonlyMap<string, Content> {
  return new Map([...BY_NAME].map(([name, definition]) => [name, crd(definition)]));
}
