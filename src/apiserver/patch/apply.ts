import { isObject } from '../../core/json.ts';
import { assertPlain } from '../model/body.ts';
import { badRequest, unsupportedMediaType } from '../model/errors.ts';
import type { StoredObject } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';
import type { Patch } from '../model/service.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicPatch } from './strategic-patch.ts';

/** Applies a patch to an object; the result is not judged yet. */
export function applyPatch(resource: ServedResource, object: StoredObject, patch: Patch): unknown {
  const { type, body } = patch;
  assertPlain(body);
  if (type === 'json') return jsonPatch(object, body);
  if (!isObject(body)) throw badRequest('a merge patch must be an object');
  if (type === 'merge') return mergePatch(object, body);
  const { mergeKeys } = resource.strategy;
  if (mergeKeys === undefined) {
    throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json']);
  }
  return strategicPatch(object, body, mergeKeys);
}
