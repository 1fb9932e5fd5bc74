import {
  asking,
  get,
  jsonPatch,
  merge,
  post,
  put,
  remove,
  strategic,
  type Ask,
  type Group,
} from '../case.ts';
import { EVENTS } from '../objects.ts';

const NEW = '/apis/events.k8s.io/v1/namespaces/{ns}/events';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };
const SERIES = { count: 2, lastObservedTime: '2001-01-01T00:00:01.000001Z' };

type Fields = Readonly<Record<string, unknown>>;

/** An event as controllers of today record it. */
function recorded(name: string, more: Fields = {}): Fields {
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name },
    regarding: { kind: 'ConfigMap', name: 'x', namespace: '{ns}' },
    eventTime: '2001-01-01T00:00:00.000001Z',
    type: 'Normal',
    reportingController: 'lamina.dev/x',
    reportingInstance: 'x-1',
    action: 'Doing',
    reason: 'Because',
    note: 'n',
    ...more,
  };
}

const MADE = post(NEW, recorded('a'));

function refused(more: Fields): Ask {
  return post(NEW, recorded('b', more));
}

/** Events as their own group shows them: the same objects in another form. */
export const EVENT_CASES: Group = {
  name: 'events.k8s.io',
  cases: [
    asking('one is recorded', MADE, MADE, get(`${NEW}/a`), get(`${EVENTS}/a`), get(`${NEW}/b`)),
    asking(
      'one of the old kind is shown',
      post(EVENTS, {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { name: 'a' },
        involvedObject: { kind: 'ConfigMap', name: 'x', namespace: '{ns}' },
        message: 'm',
        reason: 'R',
        type: 'Normal',
        count: 3,
        source: { component: 'c' },
        firstTimestamp: '2001-01-01T00:00:00Z',
      }),
      get(`${NEW}/a`),
      get(NEW),
    ),
    asking(
      'what must be there',
      ...['eventTime', 'reportingController', 'reportingInstance', 'action', 'reason', 'type'].map(
        (field) => refused({ [field]: undefined }),
      ),
      refused({ note: undefined }),
    ),
    asking(
      'what may not be there',
      refused({ deprecatedCount: 1 }),
      refused({ deprecatedSource: { component: 'c' } }),
      refused({ deprecatedFirstTimestamp: '2001-01-01T00:00:00Z' }),
      refused({ type: 'Other' }),
      refused({ series: { count: 1 } }),
      refused({ note: 'x'.repeat(1025) }),
      refused({ reportingController: 'not ok!' }),
    ),
    asking(
      'names of the old form are not known',
      post(`${NEW}?fieldValidation=Strict`, recorded('b', { message: 'm' })),
      post(NEW, recorded('b', { message: 'm' })),
    ),
    asking('the version of the old form', refused({ apiVersion: 'v1' }), refused({ kind: 'X' })),
    asking(
      'a series begins',
      MADE,
      strategic(`${NEW}/a`, { series: SERIES }),
      get(`${EVENTS}/a`),
      merge(`${NEW}/a`, { series: { count: 1 } }),
      jsonPatch(`${NEW}/a`, [{ op: 'replace', path: '/series/count', value: 3 }]),
    ),
    asking(
      'the rest stays',
      MADE,
      merge(`${NEW}/a`, { note: 'other' }),
      jsonPatch(`${NEW}/a`, [{ op: 'replace', path: '/note', value: 'other' }]),
      put(`${NEW}/a`, recorded('a', { action: 'Other' })),
      put(`${NEW}/a`, recorded('a', { metadata: { name: 'a', labels: { a: 'b' } } })),
    ),
    asking(
      'lists, in all forms',
      MADE,
      get(NEW),
      get(NEW, { headers: TABLE }),
      get(NEW, { headers: PARTIAL }),
      get(`${NEW}?fieldSelector=regarding.name%3Dx,reportingController%3Dlamina.dev/x`),
      get(`${NEW}?fieldSelector=regarding.name%3Dy`),
      get(`${NEW}?fieldSelector=involvedObject.name%3Dx`),
    ),
    asking(
      'watches of both groups',
      MADE,
      merge(`${NEW}/a`, { metadata: { labels: { a: 'b' } } }),
      remove(`${NEW}/a`),
      ...[NEW, EVENTS].map((path) =>
        get(`${path}?watch=true&timeoutSeconds=1&resourceVersion={0.metadata.resourceVersion}`, {
          events: 2,
        }),
      ),
    ),
    asking(
      'a watch that begins with what is there',
      MADE,
      get(
        `${NEW}?watch=true&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
        { events: 2 },
      ),
    ),
    asking('all of them go', MADE, remove(NEW), get(EVENTS)),
  ],
};
