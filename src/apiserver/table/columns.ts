import type { PrinterColumn } from '../../api/kind.ts';
import { isObject } from '../../core/json.ts';
import type { StoredObject } from '../model/object.ts';
import { otherFields } from '../model/form.ts';
import type { Form, ServedResource } from '../model/resource.ts';
import { ageOf } from './age.ts';
import { compilePath, type Path } from './path.ts';

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
  cell(object: StoredObject, nowMs: number): unknown;
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

const AGE = column('Age', 'Time since creation.', (object, nowMs) =>
  ageOf(object.metadata.creationTimestamp, nowMs),
);

function sizeOf(...values: readonly unknown[]): number {
  return values.reduce<number>(
    (sum, value) => sum + (isObject(value) ? Object.keys(value).length : 0),
    0,
  );
}

const read = {
  phase: compilePath('.status.phase'),
  holder: compilePath('.spec.holderIdentity'),
  involvedKind: compilePath('.involvedObject.kind'),
  involvedName: compilePath('.involvedObject.name'),
  involvedPath: compilePath('.involvedObject.fieldPath'),
  component: compilePath('.source.component'),
  host: compilePath('.source.host'),
  seriesTime: compilePath('.series.lastObservedTime'),
  seriesCount: compilePath('.series.count'),
} satisfies Record<string, Path>;

function words(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function firstSeen(event: StoredObject): unknown {
  return event['firstTimestamp'] ?? event['eventTime'];
}

function lastSeen(event: StoredObject): unknown {
  return read.seriesTime(event) ?? event['lastTimestamp'] ?? firstSeen(event);
}

function involved(event: StoredObject): string {
  const kind = words(read.involvedKind(event)).toLowerCase();
  const name = words(read.involvedName(event));
  return name === '' ? kind : `${kind}/${name}`;
}

function eventSource(event: StoredObject): string {
  const component = words(read.component(event)) || words(event['reportingComponent']);
  const instance = words(read.host(event)) || words(event['reportingInstance']);
  return instance === '' ? component : `${component}, ${instance}`;
}

const WIDE = { priority: 1 };

const EVENT_COLUMNS: readonly Column[] = [
  column('Last Seen', 'When it was last seen.', (event, nowMs) => ageOf(lastSeen(event), nowMs)),
  column('Type', 'Normal or Warning.', (event) => words(event['type'])),
  column('Reason', 'Short reason.', (event) => words(event['reason'])),
  column('Object', 'The object it is about.', involved),
  column('Subobject', 'The part it is about.', (event) => words(read.involvedPath(event)), WIDE),
  column('Source', 'Who reported it.', eventSource, WIDE),
  column('Message', 'What happened.', (event) => words(event['message']).trim()),
  column(
    'First Seen',
    'When it was first seen.',
    (event, nowMs) => ageOf(firstSeen(event), nowMs),
    WIDE,
  ),
  column(
    'Count',
    'How often it was seen.',
    (event) => read.seriesCount(event) ?? (event['count'] || 1),
    WIDE,
  ),
  { ...NAME, priority: 1 },
];

const BUILT_IN: Readonly<Record<string, readonly Column[]>> = {
  'v1/Namespace': [NAME, column('Status', 'Phase.', (object) => words(read.phase(object))), AGE],
  'v1/Secret': [
    NAME,
    column('Type', 'Type of the secret.', (object) => words(object['type'])),
    column('Data', 'Number of entries.', (object) => sizeOf(object['data'])),
    AGE,
  ],
  'v1/ConfigMap': [
    NAME,
    column('Data', 'Number of entries.', (object) => sizeOf(object['data'], object['binaryData'])),
    AGE,
  ],
  'v1/Event': EVENT_COLUMNS,
  'coordination.k8s.io/v1/Lease': [
    NAME,
    column('Holder', 'Who holds it.', (object) => words(read.holder(object))),
    AGE,
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

const known = new WeakMap<ServedResource, readonly Column[]>();

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

function columnsFor({ apiVersion, kind, definition, form }: ServedResource): readonly Column[] {
  if (form !== undefined) return formColumns(form);
  if (definition !== undefined) return [NAME, ...definition.columns.map(ownColumn)];
  return BUILT_IN[`${apiVersion}/${kind}`] ?? [NAME, AGE];
}

/** The columns of a resource: its own, those of upstream's printers, or name and age. */
export function columnsOf(resource: ServedResource): readonly Column[] {
  const kept = known.get(resource);
  if (kept !== undefined) return kept;
  const columns = columnsFor(resource);
  known.set(resource, columns);
  return columns;
}
