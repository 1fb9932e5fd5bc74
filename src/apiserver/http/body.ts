import { messageOf } from '../../core/failure.ts';
import type { ApiRequest } from '../../core/transport.ts';
import { assertPlain, parseBody, type Body } from '../model/body.ts';
import { badRequest, unsupportedMediaType } from '../model/errors.ts';
import type { ServedResource } from '../model/resource.ts';
import type { PatchType } from '../model/service.ts';
import { decodeProtobuf } from '../protobuf/decode.ts';
import { parseYamlBody } from './yaml-body.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const READABLE = ['application/json', PROTOBUF];

const APPLY = 'application/apply-patch+yaml';

const PATCHES: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  [APPLY]: 'apply',
  'application/strategic-merge-patch+json': 'strategic',
};

/** The media type of a body without its parameters. */
function mediaType(request: ApiRequest): string {
  const type = request.headers['content-type'] ?? '';
  return type.replace(/;.*$/s, '').trim().toLowerCase();
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw badRequest('the body of the request is not UTF-8');
  }
}

function parseProtobuf(bytes: Uint8Array): Body {
  let value: unknown;
  try {
    value = decodeProtobuf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    throw badRequest(`the body of the request is not a Kubernetes message: ${messageOf(error)}`);
  }
  // Kinds without a message of their own here are read as JSON only.
  if (value === undefined) throw unsupportedMediaType(['application/json']);
  assertPlain(value);
  return { value, duplicates: [] };
}

/** Reads the body of a request: JSON, or protobuf for the kinds that clients write so. */
export function decodeBody(request: ApiRequest): Body {
  const type = mediaType(request);
  const bytes = request.body ?? new Uint8Array();
  if (type === PROTOBUF) return parseProtobuf(bytes);
  if (type === APPLY) return parseYamlBody(textOf(bytes));
  const json = type === '' || type === 'application/json' || Object.hasOwn(PATCHES, type);
  if (!json) throw unsupportedMediaType(READABLE);
  return parseBody(textOf(bytes));
}

/** The format of a patch. Throws 415 for formats that are not served. */
export function patchTypeOf(request: ApiRequest, resource: ServedResource): PatchType {
  const type = mediaType(request);
  const found = Object.hasOwn(PATCHES, type) ? PATCHES[type] : undefined;
  const strategic = resource.strategy.mergeKeys !== undefined;
  if (found !== undefined && (found !== 'strategic' || strategic)) return found;
  throw unsupportedMediaType(
    Object.keys(PATCHES).filter((each) => PATCHES[each] !== 'strategic' || strategic),
  );
}
