import { textAt } from '../model/path.ts';
import type { Strategy } from '../model/resource.ts';
import { eventErrors } from './event-rules.ts';
import { builtIn, indivisible, object, prune, schemaOf, text, whole } from './structural.ts';

/** How long an event is kept after its last write, as upstream. */
export const EVENT_TTL_MS = 3_600_000;

function reference(description: string) {
  return indivisible(description, {
    kind: text('Kind.'),
    namespace: text('Namespace.'),
    name: text('Name.'),
    uid: text('UID.'),
    apiVersion: text('API version.'),
    resourceVersion: text('ServedResource version.'),
    fieldPath: text('Part of the object.'),
  });
}

const time = { type: 'string', format: 'date-time' } as const;

const schema = schemaOf(
  'An Event tells people what happened to an object; it is kept for an hour.',
  {
    involvedObject: reference('The object that it is about.'),
    reason: text('CamelCase reason.'),
    message: text('What happened.'),
    source: object('Who tells, in the old form.', {
      component: text('Component.'),
      host: text('Host.'),
    }),
    firstTimestamp: time,
    lastTimestamp: time,
    count: whole('How often it happened.'),
    type: text('Normal or Warning.'),
    eventTime: time,
    series: object('How it goes on.', {
      count: whole('How often it happened.'),
      lastObservedTime: time,
    }),
    action: text('What was done.'),
    related: reference('A second object.'),
    reportingComponent: text('Who tells.'),
    reportingInstance: text('Which of them.'),
  },
);

const INVOLVED = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];

/** Fields that can be selected, under the names that two of them have in a form. */
export function selectable(about: string, reporter: string): Strategy['selectable'] {
  return {
    ...Object.fromEntries(
      INVOLVED.map((field) => [`${about}.${field}`, textAt(`.involvedObject.${field}`)]),
    ),
    reason: textAt('.reason'),
    [reporter]: textAt('.reportingComponent'),
    type: textAt('.type'),
  };
}

/** Events of the core group. */
export const EVENTS = builtIn({
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  short: ['ev'],
  schema,
  strategy: {
    check: (candidate) => {
      const { object, unknown } = prune('Event', schema, candidate);
      return { object, unknown, errors: eventErrors(object, 'reportingComponent') };
    },
    selectable: {
      ...selectable('involvedObject', 'reportingComponent'),
      source: textAt('.source.component', '.reportingComponent'),
    },
    createOnUpdate: true,
  },
});
