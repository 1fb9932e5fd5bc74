import { hexOf, sha256 } from '../../core/digest.ts';
import type { ServedResource } from '../model/resource.ts';
import { SHARED_SCHEMAS, type Node } from './metadata.ts';
import { pathsOf } from './paths.ts';
import { schemasOf } from './schemas.ts';

/** A document with the hash of its text, by which clients keep it. */
interface OpenApiDocument {
  readonly json: string;
  readonly hash: string;
}

/** The documents by their path, and the index that leads to them. */
export interface OpenApi {
  readonly index: string;
  readonly documents: ReadonlyMap<string, OpenApiDocument>;
}

function rootOf(resource: ServedResource): string {
  return resource.group === '' ? `api/${resource.version}` : `apis/${resource.apiVersion}`;
}

function merged(parts: readonly Readonly<Record<string, Node>>[]): Record<string, Node> {
  return Object.fromEntries(parts.flatMap((part) => Object.entries(part)));
}

/** The schemas of resources, and those that all of them use. */
export function definitionsOf(
  resources: readonly ServedResource[],
): Readonly<Record<string, Node>> {
  return merged([SHARED_SCHEMAS, ...resources.map(schemasOf)]);
}

function documentOf(root: string, resources: readonly ServedResource[], version: string) {
  const schemas = definitionsOf(resources);
  const paths = merged(resources.map((resource) => pathsOf(resource, `/${root}`)));
  const info = { title: 'Lamina', version };
  return JSON.stringify({ openapi: '3.0.0', info, paths, components: { schemas } });
}

/** Writes the OpenAPI v3 documents, one for each group version. */
export function openApi(resources: readonly ServedResource[], version: string): OpenApi {
  const documents = new Map<string, OpenApiDocument>();
  const paths: Record<string, unknown> = {};
  for (const [root, list] of Map.groupBy(resources, rootOf)) {
    const json = documentOf(root, list, version);
    const hash = hexOf(sha256(json)).toUpperCase();
    documents.set(`/openapi/v3/${root}`, { json, hash });
    paths[root] = { serverRelativeURL: `/openapi/v3/${root}?hash=${hash}` };
  }
  return { index: JSON.stringify({ paths }), documents };
}
