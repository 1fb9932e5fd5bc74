import { isObject } from '../../core/json.ts';
import { memo } from '../../core/memo.ts';
import type { Document } from '../model/object.ts';
import type { WatchEvent } from '../model/service.ts';
import { partialMetadata, tableJson } from '../table/table.ts';
import { bareJson, type Representation } from './represent.ts';

/** Node's buffers share slabs of memory, and a frame that is kept would keep all of its slab. */
const encoder = new TextEncoder();

function frame(type: string, json: string): Uint8Array {
  return encoder.encode(`{"type":"${type}","object":${json}}\n`);
}

/** Frames by document, so that a change is encoded once however many watch it. */
const framesOf = memo<Document, Map<string, Uint8Array>>(() => new Map());

function sharedFrame(
  event: WatchEvent,
  document: Document,
  representation: Representation,
): Uint8Array {
  const known = framesOf(document);
  const { form, version } = representation;
  const key = `${form}/${version}/${event.type}`;
  const kept = known.get(key);
  if (kept !== undefined) return kept;
  const json = form === 'object' ? event.json : bareJson(document, representation);
  const made = frame(event.type, json);
  known.set(key, made);
  return made;
}

/** A bookmark in the form that the watcher reads; it carries nothing but its metadata. */
function bookmark(event: WatchEvent, { form, ...rows }: Representation): Uint8Array {
  if (form === 'object') return frame(event.type, event.json);
  const parsed: unknown = JSON.parse(event.json);
  const metadata = isObject(parsed) && isObject(parsed['metadata']) ? parsed['metadata'] : {};
  if (form === 'table') {
    return frame(event.type, tableJson([], metadata, { ...rows, withHeads: false }));
  }
  return frame(event.type, JSON.stringify(partialMetadata(metadata, rows.version)));
}

/** Writes the events of a watch, one JSON text a line. */
export async function* watchFrames(
  events: AsyncIterable<WatchEvent>,
  representation: Representation,
  now: () => number,
): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const event of events) {
    const { document, type } = event;
    if (type === 'ERROR') yield frame(type, event.json);
    else if (document === undefined) yield bookmark(event, representation);
    else if (representation.form === 'table') {
      const { resourceVersion } = event;
      const options = { ...representation, nowMs: now(), withHeads: first };
      yield frame(type, tableJson([document], { resourceVersion }, options));
      first = false;
    } else {
      yield sharedFrame(event, document, representation);
    }
  }
}
