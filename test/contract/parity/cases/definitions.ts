import { crd } from '../../../../src/api/crd.ts';
import { KINDS } from '../../../../src/api/kinds/all.ts';
import { applying, asking, get, merge, post, put, remove, type Group } from '../case.ts';

/* Definitions of kinds belong to the whole server, so nothing is stored: other cases run beside these. */

const ALL = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const ONE = `${ALL}/applayers.lamina.dev`;
const TRIED = `${ONE}?dryRun=All`;
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };
const PARTIAL_LIST = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' };

const BODIES = KINDS.map(crd);
const BODY = BODIES.find((body) => JSON.stringify(body).includes('"name":"applayers.lamina.dev"'));
const FLUX = { manager: 'flux', force: true };
const MANAGER = { manager: 'manager', force: false };

/** Reads and writes of the definitions of our kinds. */
export const DEFINITION_CASES: Group = {
  name: 'definitions of kinds',
  cases: [
    ...KINDS.map(({ kind, plural }) => asking(kind, get(`${ALL}/${plural}.lamina.dev`))),
    asking('one that is not there', get(`${ALL}/widgets.example.com`)),
    asking('all of them', get(ALL), get(`${ALL}?limit=3`), get(`${ALL}?resourceVersion=0`)),
    asking('selected by name', get(`${ALL}?fieldSelector=metadata.name%3Doslayers.lamina.dev`)),
    asking('selected by a label that none has', get(`${ALL}?labelSelector=a%3Db`)),
    asking('tables', get(ONE, { headers: TABLE }), get(ALL, { headers: TABLE })),
    asking('bare metadata', get(ONE, { headers: PARTIAL }), get(ALL, { headers: PARTIAL_LIST })),
    asking('watched from the start', get(`${ALL}?watch=true&resourceVersion=0`, { events: 8 })),
    asking(
      'created again',
      post(ALL, BODY),
      post(ALL, { ...BODY, spec: { ...Object(BODY?.['spec']), scope: 'Cluster' } }),
    ),
    asking(
      'applied as they are',
      ...BODIES.map(({ metadata, ...body }) => {
        const { name } = Object(metadata) as { readonly name: string };
        return applying(`${ALL}/${name}?dryRun=All`, { ...body, metadata: { name } }, FLUX);
      }),
    ),
    asking('applied as they are, without force', applying(TRIED, BODY, MANAGER)),
    asking(
      'labels and annotations',
      merge(TRIED, { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } }),
    ),
    asking('a field that nobody knows', merge(TRIED, { nothing: 1 })),
    asking('replaced without a revision', put(TRIED, BODY)),
    asking(
      'replaced of an old revision',
      get(ONE),
      put(TRIED, { ...BODY, metadata: { name: 'applayers.lamina.dev', resourceVersion: '1' } }),
    ),
    asking('a spec that is the same', merge(TRIED, { spec: BODY?.['spec'] })),
    asking('the deletion of one that is not there', remove(`${ALL}/widgets.example.com`)),
  ],
};
