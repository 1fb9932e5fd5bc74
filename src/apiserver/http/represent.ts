import type { ApiResponse } from '../../core/transport.ts';
import { badRequest } from '../model/errors.ts';
import type { Document } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { ListResult } from '../model/service.ts';
import {
  partialMetadata,
  rowJson,
  tableJson,
  tableStart,
  type IncludeObject,
} from '../table/table.ts';
import type { Format } from './accept.ts';
import { answer, streamAnswer } from './answer.ts';
import type { Query } from './query.ts';

/** How the objects of an answer are written. */
export interface Representation extends Format {
  readonly include: IncludeObject;
  readonly resource: ServedResource;
  readonly nowMs: number;
}

const INCLUDES: readonly IncludeObject[] = ['None', 'Metadata', 'Object'];

/** The `includeObject` parameter of a Table request. */
export function includeOf(query: Query): IncludeObject {
  const value = query.get('includeObject');
  if (value === null || value === '') return 'Metadata';
  const found = INCLUDES.find((each) => each === value);
  if (found !== undefined) return found;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

/** The text of the metadata of an object alone. */
export function bareJson({ object }: Document, { version }: Format): string {
  return JSON.stringify(partialMetadata(object.metadata, version));
}

/** The text of one object. */
function objectJson(document: Document, representation: Representation): string {
  if (representation.form === 'object') return document.json;
  if (representation.form === 'partial') return bareJson(document, representation);
  const { resourceVersion } = document.object.metadata;
  return tableJson([document], { resourceVersion }, { ...representation, withHeads: true });
}

/** One object as an answer. */
export function objectAnswer(
  status: number,
  document: Document,
  representation: Representation,
  headers: Readonly<Record<string, string>> = {},
): ApiResponse {
  return answer(status, objectJson(document, representation), headers);
}

const CHUNK_CHARACTERS = 262_144;

async function* portionsOf({ items, more }: ListResult): AsyncGenerator<readonly Document[]> {
  yield items;
  if (more !== undefined) yield* more;
}

/** Joins texts into buffers of a bounded size, so that a long list never becomes one huge string. */
async function* joined(
  head: string,
  list: ListResult,
  textOf: (item: Document) => string,
): AsyncGenerator<Uint8Array> {
  let text = head;
  let separator = '';
  for await (const items of portionsOf(list)) {
    for (const item of items) {
      text += separator + textOf(item);
      separator = ',';
      if (text.length < CHUNK_CHARACTERS) continue;
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(`${text}]}`);
}

function listMetadata(
  list: ListResult,
  { form, resource }: Representation,
): Readonly<Record<string, unknown>> {
  const { resourceVersion, remainingItemCount } = list;
  // Lists of custom resources have the key always.
  const isOwn = form === 'object' && resource.definition !== undefined;
  const token = list.continue ?? (isOwn ? '' : undefined);
  return {
    resourceVersion,
    ...(token === undefined ? {} : { continue: token }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

/** A list as an answer. */
export function listAnswer(list: ListResult, representation: Representation): ApiResponse {
  const { form, version, resource } = representation;
  const metadata = listMetadata(list, representation);
  if (form === 'table') {
    const rows = { ...representation, withHeads: true };
    const rowOf = (item: Document) => rowJson(item, representation);
    return streamAnswer(joined(tableStart(metadata, rows), list, rowOf));
  }
  const partial = form === 'partial';
  const head = {
    kind: partial ? 'PartialObjectMetadataList' : `${resource.kind}List`,
    apiVersion: partial ? `meta.k8s.io/${version}` : resource.apiVersion,
    metadata,
  };
  const start = `${JSON.stringify(head).slice(0, -1)},"items":[`;
  const textOf = (item: Document) => (partial ? bareJson(item, representation) : item.json);
  return streamAnswer(joined(start, list, textOf));
}
