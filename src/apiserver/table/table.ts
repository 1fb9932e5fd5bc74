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

function row(document: Document, options: RowOptions): string {
  const { resource, nowMs } = options;
  const cells = columnsOf(resource).map((column) => column.cell(document.object, nowMs));
  return `{"cells":${JSON.stringify(cells)},"object":${rowObject(document, options)}}`;
}

function heads(resource: ServedResource): readonly ColumnDefinition[] {
  return columnsOf(resource).map(({ cell: _cell, ...head }) => head);
}

/** The text of a Table of some objects; a watch sends the heads with its first event only. */
export function tableJson(
  documents: readonly Document[],
  metadata: Readonly<Record<string, unknown>>,
  options: RowOptions & { readonly withHeads: boolean },
): string {
  const columns = options.withHeads ? JSON.stringify(heads(options.resource)) : 'null';
  const rows = documents.map((document) => row(document, options)).join(',');
  const start = `{"kind":"Table","apiVersion":"meta.k8s.io/${options.version}","metadata":${JSON.stringify(metadata)}`;
  return `${start},"columnDefinitions":${columns},"rows":[${rows}]}`;
}
