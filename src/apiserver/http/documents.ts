import type { ApiRequest, ApiResponse } from '../../core/transport.ts';
import { AGGREGATED_TYPE, aggregatedDiscovery } from '../discovery/aggregated.ts';
import { plainDiscovery } from '../discovery/plain.ts';
import { describeResource, describeReview } from '../discovery/served.ts';
import type { ServedResource } from '../model/resource.ts';
import { openApi } from '../openapi/documents.ts';
import { openApiV2 } from '../openapi/version-two.ts';
import { negotiate, wantsAggregated } from './accept.ts';
import { answer } from './answer.ts';
import type { Query } from './query.ts';
import { methodNotAllowed } from './refusals.ts';
import { REVIEWS } from './reviews.ts';

/** Serves one of the documents that describe the server. */
export type ServeDocument = (request: ApiRequest, query: Query) => ApiResponse;

/** The Kubernetes release whose behaviour is followed. */
const KUBERNETES = { major: '1', minor: '36', gitVersion: 'v1.36.0' };

function versionJson(version: string): string {
  return JSON.stringify({
    ...KUBERNETES,
    gitVersion: `${KUBERNETES.gitVersion}+lamina.${version}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch}`,
  });
}

function jsonDocument(json: string): ServeDocument {
  return (request) => {
    negotiate(request.headers['accept'], 'PartialObjectMetadata');
    return answer(200, json);
  };
}

function rootDocument(plain: string, aggregated: string): ServeDocument {
  return (request) => {
    const { accept } = request.headers;
    if (wantsAggregated(accept)) {
      return answer(200, aggregated, {
        'content-type': AGGREGATED_TYPE,
        'cache-control': 'public',
      });
    }
    negotiate(accept, 'PartialObjectMetadata');
    return answer(200, plain);
  };
}

/** A document with its hash: kept for ever under that hash, moved if an old one is asked for. */
function hashedDocument(path: string, json: string, hash: string): ServeDocument {
  return (request, query) => {
    const asked = query.get('hash');
    if (asked !== null && asked !== hash) {
      return answer(301, '', { location: `${path}?hash=${hash}` });
    }
    negotiate(request.headers['accept'], 'PartialObjectMetadata');
    const cache = asked === null ? {} : { 'cache-control': 'public, immutable' };
    return answer(200, json, { etag: `"${hash}"`, ...cache });
  };
}

/** As clients ask for it, and as Go's strict parser of media types takes it. */
const OPENAPI_V2 = {
  asked: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  answered: 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
};

function versionTwo({ json, protobuf }: ReturnType<typeof openApiV2>): ServeDocument {
  const serveJson = jsonDocument(json);
  return (request, query) => {
    if (request.headers['accept']?.includes(OPENAPI_V2.asked) !== true) {
      return serveJson(request, query);
    }
    return answer(200, protobuf, { 'content-type': OPENAPI_V2.answered });
  };
}

function readOnly(serve: ServeDocument): ServeDocument {
  return (request, query) => {
    if (request.method !== 'GET') throw methodNotAllowed();
    return serve(request, query);
  };
}

/** Everything that describes the server, by path. */
export function serverDocuments(
  resources: readonly ServedResource[],
  version: string,
): ReadonlyMap<string, ServeDocument> {
  const served = [...resources.map(describeResource), ...REVIEWS.map(describeReview)];
  const plain = plainDiscovery(served);
  const documents = new Map<string, ServeDocument>();
  for (const [path, document] of plain) documents.set(path, jsonDocument(JSON.stringify(document)));
  for (const root of ['/api', '/apis']) {
    const below = served.filter(({ group }) => (group === '') === (root === '/api'));
    const aggregated = JSON.stringify(aggregatedDiscovery(below));
    documents.set(root, rootDocument(JSON.stringify(plain.get(root)), aggregated));
  }
  const schema = openApi(resources, version);
  documents.set('/openapi/v3', jsonDocument(schema.index));
  for (const [path, { json, hash }] of schema.documents) {
    documents.set(path, hashedDocument(path, json, hash));
  }
  documents.set('/version', jsonDocument(versionJson(version)));
  documents.set('/openapi/v2', versionTwo(openApiV2(resources, version)));
  documents.set('/', jsonDocument(JSON.stringify({ paths: [...documents.keys()].sort() })));
  return new Map([...documents].map(([path, serve]) => [path, readOnly(serve)]));
}
