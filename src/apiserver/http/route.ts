import { badRequest } from '../model/errors.ts';
import type { ServedResource } from '../model/resource.ts';
import type { Collection, ObjectKey } from '../model/service.ts';
import { noSuchPath } from './refusals.ts';

/** What a path names: all objects of a resource, or one object or a part of it. */
export type Route =
  | { readonly to: 'collection'; readonly collection: Collection }
  | { readonly to: 'object'; readonly key: ObjectKey; readonly subresource?: string };

/** Finds a resource by group, version and plural. */
export type FindResource = (
  group: string,
  version: string,
  plural: string,
) => ServedResource | undefined;

/** A finder over a fixed list. */
export function resourceFinder(resources: readonly ServedResource[]): FindResource {
  const byName = new Map(
    resources.map((resource) => [
      `${resource.group}/${resource.version}/${resource.plural}`,
      resource,
    ]),
  );
  return (group, version, plural) => byName.get(`${group}/${version}/${plural}`);
}

function segmentsOf(path: string): readonly string[] {
  try {
    // As in Go: a slash in disguise is a slash.
    return decodeURIComponent(path).split('/').slice(1);
  } catch {
    throw badRequest('the path is not valid: a percent sign without two hex digits');
  }
}

interface Below {
  readonly group: string;
  readonly version: string;
  readonly rest: readonly string[];
}

function belowGroup([root, ...parts]: readonly string[]): Below {
  const [group = '', version = '', ...rest] = root === 'api' ? ['', ...parts] : parts;
  if ((root !== 'api' && root !== 'apis') || rest.length === 0) throw noSuchPath();
  return { group, version, rest };
}

function named(
  collection: Collection,
  name: string | undefined,
  subresource: string | undefined,
): Route {
  const { resource, namespace } = collection;
  if (name === undefined) return { to: 'collection', collection };
  if (name === '' || (namespace === undefined) === resource.namespaced) throw noSuchPath();
  const key = { ...collection, name };
  return subresource === undefined ? { to: 'object', key } : { to: 'object', key, subresource };
}

/** Resolves a path below `/api` or `/apis`. Throws 404 for everything that is not served. */
export function routeOf(path: string, find: FindResource): Route {
  const { group, version, rest } = belowGroup(segmentsOf(path));
  const [first = '', second, third, ...more] = rest;
  const scoped = third === undefined ? undefined : find(group, version, third);
  if (first === 'namespaces' && second !== undefined && scoped?.namespaced === true) {
    if (second === '' || more.length > 2) throw noSuchPath();
    return named({ resource: scoped, namespace: second }, more[0], more[1]);
  }
  const resource = find(group, version, first);
  if (resource === undefined || more.length > 0) throw noSuchPath();
  return named({ resource }, second, third);
}
