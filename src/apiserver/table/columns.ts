import type { PrinterColumn } from '../../api/kind.ts';
import { isObject } from '../../core/json.ts';
import { memo } from '../../core/memo.ts';
import type { StoredObject } from '../model/object.ts';
import { otherFields } from '../model/form.ts';
import { compilePath, firstAt, textAt } from '../model/path.ts';
import type { Form, ServedResource } from '../model/resource.ts';
import { ageOf } from './age.ts';

/** The head of a column as it stands in a Table. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  /** Above 0: shown with `-o wide` only. */
  readonly priority: number;
}

/** A column with the way to fill it. */
export interface Column extends ColumnDefinition {
  readonly cell: (object: StoredObject, nowMs: number) => unknown;
}

function column(
  name: string,
  description: string,
  cell: Column['cell'],
  more: Partial<ColumnDefinition> = {},
): Column {
  return { name, type: 'string', format: '', description, priority: 0, ...more, cell };
}

const NAME = column(
  'Name',
  'Name must be unique within a namespace.',
  (object) => object.metadata.name,
  { format: 'name' },
);

const AGE = column('Age', 'Time since creation.', age('.metadata.creationTimestamp'));

/** The time since the first of some instants that is there. */
function age(...paths: readonly string[]): Column['cell'] {
  const read = firstAt(...paths);
  return (object, nowMs) => ageOf(read(object), nowMs);
}

/** How many entries some maps have. */
function entries(...names: readonly string[]): Column['cell'] {
  return (object) =>
    names.flatMap((name) => Object.keys(isObject(object[name]) ? object[name] : {})).length;
}

const involved = { kind: textAt('.involvedObject.kind'), name: textAt('.involvedObject.name') };

function involvedObject(event: StoredObject): string {
  const kind = involved.kind(event).toLowerCase();
  const name = involved.name(event);
  return name === '' ? kind : `${kind}/${name}`;
}

const source = {
  component: textAt('.source.component', '.reportingComponent'),
  instance: textAt('.source.host', '.reportingInstance'),
};

function eventSource(event: StoredObject): string {
  const [component, instance] = [source.component(event), source.instance(event)];
  return instance === '' ? component : `${component}, ${instance}`;
}

const seriesCount = compilePath('.series.count');
const message = textAt('.message');

const FIRST_SEEN = ['.firstTimestamp', '.eventTime'];
const LAST_SEEN = ['.series.lastObservedTime', '.lastTimestamp', ...FIRST_SEEN];

const WIDE = { priority: 1 };

const EVENT_COLUMNS: readonly Column[] = [
  column('Last Seen', 'When it was last seen.', age(...LAST_SEEN)),
  column('Type', 'Normal or Warning.', textAt('.type')),
  column('Reason', 'Short reason.', textAt('.reason')),
  column('Object', 'The object it is about.', involvedObject),
  column('Subobject', 'The part it is about.', textAt('.involvedObject.fieldPath'), WIDE),
  column('Source', 'Who reported it.', eventSource, WIDE),
  column('Message', 'What happened.', (event) => message(event).trim()),
  column('First Seen', 'When it was first seen.', age(...FIRST_SEEN), WIDE),
  column(
    'Count',
    'How often it was seen.',
    (event) => seriesCount(event) ?? (event['count'] || 1),
    WIDE,
  ),
  { ...NAME, priority: 1 },
];

const BUILT_IN: Readonly<Record<string, readonly Column[]>> = {
  'v1/Namespace': [NAME, column('Status', 'Phase.', textAt('.status.phase')), AGE],
  'v1/Secret': [
    NAME,
    column('Type', 'Type of the secret.', textAt('.type')),
    column('Data', 'Number of entries.', entries('data')),
    AGE,
  ],
  'v1/ConfigMap': [NAME, column('Data', 'Number of entries.', entries('data', 'binaryData')), AGE],
  'v1/Event': EVENT_COLUMNS,
  'coordination.k8s.io/v1/Lease': [
    NAME,
    column('Holder', 'Who holds it.', textAt('.spec.holderIdentity')),
    AGE,
  ],
  'apiextensions.k8s.io/v1/CustomResourceDefinition': [
    NAME,
    column('Created At', 'When it was created.', (object) => object.metadata.creationTimestamp, {
      type: 'date',
    }),
  ],
};

/** The cell of one of our own columns: null where the object has nothing to show. */
function ownCell(type: PrinterColumn['type'], value: unknown, nowMs: number): unknown {
  if (value === undefined || value === null) return null;
  if (type === 'date') return ageOf(value, nowMs);
  if (type === 'integer') return typeof value === 'number' ? Math.trunc(value) : null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function ownColumn(definition: PrinterColumn): Column {
  const { name, type, jsonPath, description, priority = 0 } = definition;
  const path = compilePath(jsonPath);
  return column(name, description, (object, nowMs) => ownCell(type, path(object), nowMs), {
    type,
    priority,
  });
}

/** The columns of what is stored, filled from another form of it. */
function formColumns(form: Form): readonly Column[] {
  return columnsOf(form.of).map((each) => ({
    ...each,
    cell: (object, nowMs) => {
      const { apiVersion, kind, metadata } = object;
      return each.cell({ ...otherFields(form, object), apiVersion, kind, metadata }, nowMs);
    },
  }));
}

/** The columns of a resource: its own, those of upstream's printers, or name and age. */
export const columnsOf = memo((resource: ServedResource): readonly Column[] => {
  const { apiVersion, kind, definition, form } = resource;
  if (form !== undefined) return formColumns(form);
  if (definition !== undefined) return [NAME, ...definition.columns.map(ownColumn)];
  return BUILT_IN[`${apiVersion}/${kind}`] ?? [NAME, AGE];
});
