import { asking, get, merge, post, remove, type Group } from '../case.ts';
import { CONFIG_MAPS, configMap, OS_LAYERS, osLayer } from '../objects.ts';

const A = `${CONFIG_MAPS}/a`;
const WATCH = `${CONFIG_MAPS}?watch=true&timeoutSeconds=1`;
const FROM = `${WATCH}&resourceVersion={0.metadata.resourceVersion}`;
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
const PARTIAL = { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' };

/** Streams of changes: where they begin, what they tell, how they end. */
export const WATCHING: Group = {
  name: 'watch',
  cases: [
    asking(
      'every change from a revision on, each once',
      post(CONFIG_MAPS, configMap('a')),
      merge(A, { data: { a: 'b' } }),
      post(CONFIG_MAPS, configMap('b')),
      remove(A),
      get(FROM, { events: 3 }),
    ),
    asking(
      'changes of our kinds',
      post(OS_LAYERS, osLayer('a')),
      merge(`${OS_LAYERS}/a/status`, { status: { observedGeneration: 1 } }),
      remove(`${OS_LAYERS}/a`),
      get(`${OS_LAYERS}?watch=true&timeoutSeconds=1&resourceVersion={0.metadata.resourceVersion}`, {
        events: 2,
      }),
    ),
    asking(
      'without a revision, what is there comes first',
      post(CONFIG_MAPS, configMap('a')),
      post(CONFIG_MAPS, configMap('b')),
      get(WATCH, { events: 2 }),
      get(`${WATCH}&resourceVersion=0`, { events: 2 }),
    ),
    asking(
      'one object',
      post(CONFIG_MAPS, configMap('a')),
      post(CONFIG_MAPS, configMap('b')),
      get(`${WATCH}&fieldSelector=metadata.name%3Da`, { events: 1 }),
    ),
    asking(
      'what enters and leaves the selection',
      post(CONFIG_MAPS, configMap('a')),
      merge(A, { metadata: { labels: { on: 'yes' } } }),
      merge(A, { data: { a: 'b' } }),
      merge(A, { metadata: { labels: null } }),
      merge(A, { data: { a: 'c' } }),
      merge(A, { metadata: { labels: { on: 'yes' } } }),
      get(`${FROM}&labelSelector=on%3Dyes`, { events: 4 }),
    ),
    asking(
      'the last event of a finalizer',
      post(CONFIG_MAPS, configMap('a', {}, { finalizers: ['lamina.dev/x'] })),
      remove(A),
      merge(A, { metadata: { finalizers: null } }),
      get(FROM, { events: 2 }),
    ),
    asking(
      'the last event of a finalizer of our kinds',
      post(OS_LAYERS, osLayer('a', {}, { finalizers: ['lamina.dev/x'] })),
      remove(`${OS_LAYERS}/a`),
      merge(`${OS_LAYERS}/a`, { metadata: { finalizers: null } }),
      get(`${OS_LAYERS}?watch=true&timeoutSeconds=1&resourceVersion={0.metadata.resourceVersion}`, {
        events: 2,
      }),
    ),
    asking(
      'tables',
      post(CONFIG_MAPS, configMap('a')),
      post(CONFIG_MAPS, configMap('b')),
      merge(A, { data: { a: 'b' } }),
      get(FROM, { events: 2, headers: TABLE }),
    ),
    asking(
      'metadata alone',
      post(CONFIG_MAPS, configMap('a')),
      merge(A, { data: { a: 'b' } }),
      remove(A),
      get(FROM, { events: 2, headers: PARTIAL }),
    ),
    asking('a quiet watch ends at its time', post(CONFIG_MAPS, configMap('a')), get(FROM)),
    asking(
      'initial events end with a bookmark',
      post(CONFIG_MAPS, configMap('a')),
      get(
        `${WATCH}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
        { events: 2 },
      ),
    ),
    asking(
      'initial events need their match',
      get(`${WATCH}&sendInitialEvents=true`),
      get(`${WATCH}&sendInitialEvents=true&resourceVersionMatch=Exact`),
      get(`${WATCH}&resourceVersionMatch=NotOlderThan`),
      get(`${CONFIG_MAPS}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan`),
    ),
    asking(
      'a revision that is none',
      get(`${WATCH}&resourceVersion=x`),
      get(`${WATCH}&resourceVersion=-5`),
    ),
    asking('a revision of long ago', get(`${WATCH}&resourceVersion=1`)),
    asking(
      'a watch does not page',
      post(CONFIG_MAPS, configMap('a')),
      get(`${WATCH}&limit=1`, { events: 1 }),
    ),
    asking(
      'a bad selector',
      get(`${WATCH}&labelSelector=a%20b`),
      get(`${WATCH}&fieldSelector=data.a%3Db`),
    ),
    asking('a bad timeout', get(`${CONFIG_MAPS}?watch=true&timeoutSeconds=x`)),
    asking(
      'flags as upstream reads them',
      post(CONFIG_MAPS, configMap('a')),
      get(`${CONFIG_MAPS}?watch=false`, { pick: () => 'a list' }),
      get(`${CONFIG_MAPS}?watch=0`, { pick: () => 'a list' }),
      get(`${CONFIG_MAPS}?watch=1&timeoutSeconds=1`, { events: 1 }),
    ),
    asking(
      'the old path of watches',
      post(CONFIG_MAPS, configMap('a')),
      get('/api/v1/watch/namespaces/{ns}/configmaps?watch=true&timeoutSeconds=1', { events: 1 }),
    ),
    asking(
      'an object is watched at its own path',
      post(CONFIG_MAPS, configMap('a')),
      get(`${A}?watch=true&timeoutSeconds=1`, { events: 1 }),
    ),
  ],
};
