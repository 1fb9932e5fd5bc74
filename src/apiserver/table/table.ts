import type { Document } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import { columnsOf, type ColumnDefinition } from './columns.ts';

/** What each row carries of its object. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

/** How rows are made. */
export interface RowOptions {
  readonly resource: ServedResource;
  readonly include: IncludeObject;
  readonly nowMs: number;
  /** Of meta.k8s.io. */
  readonly version: 'v1' | 'v1beta1';
}

/** The object without anything but its metadata. */
export function partialMetadata(
  metadata: unknown,
  version: RowOptions['version'],
): Record<string, unknown> {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata };
}

function rowObject(document: Document, { include, version }: RowOptions): string {
  if (include === 'None') return 'null';
  if (include === 'Object') return document.json;
  return JSON.stringify(partialMetadata(document.object.metadata, version));
}

/** The text of one row of a Table. */
export function rowJson(document: Document, options: RowOptions): string {
  const { resource, nowMs } = options;
  const cells = columnsOf(resource).map((column) => column.cell(document.object, nowMs));
  return `{"cells":${JSON.stringify(cells)},"object":${rowObject(document, options)}}`;
}

function heads(resource: ServedResource): readonly ColumnDefinition[] {
  return columnsOf(resource).map(({ cell: _cell, ...head }) => head);
}

type TableOptions = RowOptions & { readonly withHeads: boolean };

/** The text of a Table up to its first row; a watch sends the heads with its first event only. */
export function tableStart(
  metadata: Readonly<Record<string, unknown>>,
  { resource, version, withHeads }: TableOptions,
): string {
  const columns = withHeads ? JSON.stringify(heads(resource)) : 'null';
  const start = `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)}`;
  return `${start},"columnDefinitions":${columns},"rows":[`;
}

/** The text of a whole Table. */
export function tableJson(
  documents: readonly Document[],
  metadata: Readonly<Record<string, unknown>>,
  options: TableOptions,
): string {
  const rows = documents.map((document) => rowJson(document, options)).join(',');
  return `${tableStart(metadata, options)}${rows}]}`;
}
