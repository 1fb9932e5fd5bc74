import type { ApiResponse } from '../../core/transport.ts';
import { badRequest } from '../model/errors.ts';
import type { Document } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { ListResult } from '../model/service.ts';
import { partialMetadata, tableJson, type IncludeObject } from '../table/table.ts';
import type { Form } from './accept.ts';
import { answer, streamAnswer } from './answer.ts';
import type { Query } from './query.ts';

/** How the objects of an answer are written. */
export interface Representation {
  readonly form: Form;
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
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(value)}`);
}

/** The text of one object. */
function objectJson(document: Document, representation: Representation): string {
  if (representation.form === 'object') return document.json;
  if (representation.form === 'partial') return JSON.stringify(partialMetadata(document));
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

/** Joins texts into buffers of a bounded size, so that a long list never becomes one huge string. */
async function* joined(
  head: string,
  items: readonly Document[],
  textOf: (item: Document) => string,
): AsyncGenerator<Uint8Array> {
  let text = head;
  for (const [index, item] of items.entries()) {
    text += index === 0 ? textOf(item) : `,${textOf(item)}`;
    if (text.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}]}`);
}

function listMetadata(list: ListResult): Readonly<Record<string, unknown>> {
  const { resourceVersion, remainingItemCount } = list;
  return {
    resourceVersion,
    ...(list.continue === undefined ? {} : { continue: list.continue }),
    ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
  };
}

/** A list as an answer. */
export function listAnswer(list: ListResult, representation: Representation): ApiResponse {
  const { form, resource } = representation;
  const metadata = listMetadata(list);
  if (form === 'table') {
    return answer(200, tableJson(list.items, metadata, { ...representation, withHeads: true }));
  }
  const partial = form === 'partial';
  const head = {
    kind: partial ? 'PartialObjectMetadataList' : `${resource.kind}List`,
    apiVersion: partial ? 'meta.k8s.io/v1' : resource.apiVersion,
    metadata,
  };
  const start = `${JSON.stringify(head).slice(0, -1)},"items":[`;
  const textOf = (item: Document) => (partial ? JSON.stringify(partialMetadata(item)) : item.json);
  return streamAnswer(joined(start, list.items, textOf));
}
