import type { ServedResource, Strategy } from '../model/resource.ts';
import { EVENTS, selectable } from './event.ts';
import { eventErrors, newEventErrors } from './event-rules.ts';
import { builtIn } from './structural.ts';

/** What events.k8s.io calls fields of an event otherwise. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
]);

const group = 'events.k8s.io';

const strategy: Strategy = {
  ...EVENTS.strategy,
  check: (candidate, options = {}) => {
    const { object, unknown } = EVENTS.strategy.check(candidate, options);
    const errors = [
      ...eventErrors(object, 'reportingController'),
      ...newEventErrors(object, options.old),
    ];
    return { object, unknown, errors };
  },
  selectable: selectable('regarding', 'reportingController'),
};

const { properties = {} } = EVENTS.schema;

/** The same events as their group shows them; controllers of today record through it. */
export const NEW_EVENTS: ServedResource = {
  ...builtIn({
    group,
    kind: 'Event',
    plural: 'events',
    singular: 'event',
    short: ['ev'],
    schema: {
      ...EVENTS.schema,
      properties: Object.fromEntries(
        Object.entries(properties).map(([name, schema]) => [NAMES.get(name) ?? name, schema]),
      ),
    },
    strategy,
  }),
  storage: 'events',
  form: { of: { ...EVENTS, group, storage: 'events', strategy }, names: NAMES },
};
