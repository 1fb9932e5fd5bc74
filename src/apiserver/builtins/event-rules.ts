import { invalid, required, type FieldError } from '../../api/validation/field-error.ts';
import { isObject, jsonEqual, textOf } from '../../core/json.ts';
import type { StoredObject } from '../model/object.ts';
import { fieldErrors, qualifiedNameProblems } from '../objects/names.ts';

type Event = Readonly<Record<string, unknown>>;

const MAX_WORD = 128;
const MAX_MESSAGE = 1024;

function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 0;
}

/** The namespace of the object that the event is about, and that of the event. */
function namespacesOf({ involvedObject, metadata }: Event) {
  return {
    about: isObject(involvedObject) ? textOf(involvedObject['namespace']) : '',
    own: isObject(metadata) ? metadata['namespace'] : undefined,
  };
}

function namespaceErrors(isFine: boolean, about: unknown): readonly FieldError[] {
  if (isFine) return [];
  return [invalid('involvedObject.namespace', about, 'does not match event.namespace')];
}

function boundErrors(event: Event, field: string, limit: number): readonly FieldError[] {
  if (Buffer.byteLength(textOf(event[field])) <= limit) return [];
  return [invalid(field, '', `can have at most ${limit} characters`)];
}

function wordErrors(event: Event, field: string): readonly FieldError[] {
  const missing = textOf(event[field]) === '' ? [required(field)] : [];
  return [...missing, ...boundErrors(event, field, MAX_WORD)];
}

/**
 * What is wrong with an event, however it came. One with a time of the new kind must say who did what;
 * `reporter` is how the field of the controller is called there.
 */
export function eventErrors(event: Event, reporter: string): readonly FieldError[] {
  const { about, own } = namespacesOf(event);
  // Events about cluster-scoped objects lie in the default namespace.
  if (isUnset(event['eventTime'])) {
    return namespaceErrors(about === own || (about === '' && own === 'default'), about);
  }
  const isSystem = own === 'default' || own === 'kube-system';
  const controller = textOf(event['reportingComponent']);
  return [
    ...namespaceErrors(about !== '' || isSystem, about),
    ...(controller === '' ? [required(reporter)] : []),
    ...fieldErrors(reporter, controller, qualifiedNameProblems(controller)),
    ...['reportingInstance', 'action', 'reason'].flatMap((field) => wordErrors(event, field)),
    ...boundErrors(event, 'message', MAX_MESSAGE),
  ];
}

function seriesErrors({ series }: Event): readonly FieldError[] {
  if (!isObject(series)) return [];
  const { count, lastObservedTime } = series;
  const few = typeof count !== 'number' || count < 2;
  return [
    ...(few ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(isUnset(lastObservedTime) ? [required('series.lastObservedTime')] : []),
  ];
}

const IMMUTABLE: readonly (readonly [stored: string, told?: string])[] = [
  ...([['involvedObject'], ['reason'], ['message'], ['source'], ['firstTimestamp']] as const),
  ...([['lastTimestamp'], ['count'], ['type'], ['eventTime'], ['action'], ['related']] as const),
  ['reportingComponent', 'reportingController'],
  ['reportingInstance'],
];

/** What is wrong with an event that came in the new form, besides: only the series may change. */
export function newEventErrors(event: Event, old?: StoredObject): readonly FieldError[] {
  if (old !== undefined) {
    const isSame = (field: string) =>
      (isUnset(event[field]) && isUnset(old[field])) || jsonEqual(event[field], old[field]);
    const changed = IMMUTABLE.filter(([field]) => !isSame(field));
    return [
      ...(isSame('series') ? [] : seriesErrors(event)),
      ...changed.map(([field, told = field]) => {
        const value = event[field];
        return invalid(told, isUnset(value) ? '' : value, 'field is immutable');
      }),
    ];
  }
  const type = textOf(event['type']);
  const isKnown = type === 'Normal' || type === 'Warning';
  const { source } = event;
  const dated = ['firstTimestamp', 'lastTimestamp', 'count'].filter(
    (each) => !isUnset(event[each]),
  );
  const hasSource = isObject(source) && Object.values(source).some((value) => value !== '');
  return [
    ...seriesErrors(event),
    ...(isUnset(event['eventTime']) ? [required('eventTime')] : []),
    ...(isKnown ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
    ...[...dated, ...(hasSource ? ['source'] : [])].map((field) =>
      invalid(field, '', 'needs to be unset'),
    ),
  ];
}
