import { asking, get, jsonPatch, merge, post, put, remove, type Group } from '../case.ts';
import { CONFIG_MAPS, configMap, NAMESPACES, OS_LAYERS, osLayer } from '../objects.ts';

const L = `${OS_LAYERS}/a`;
const S = `${L}/status`;
const MADE = post(OS_LAYERS, osLayer('a'));
const READY = {
  type: 'Ready',
  status: 'True',
  reason: 'R',
  message: 'm',
  lastTransitionTime: '2001-01-01T00:00:00Z',
};

/** Writes of the status, and what they leave alone. */
export const SUBRESOURCES: Group = {
  name: 'subresources',
  cases: [
    asking(
      'a status of the client is dropped on creation',
      post(OS_LAYERS, { ...osLayer('a'), status: { observedGeneration: 5 } }),
      get(S),
    ),
    asking(
      'a status that is no map, on creation',
      post(OS_LAYERS, { ...osLayer('a'), status: 'x' }),
      post(OS_LAYERS, { ...osLayer('b'), status: null }),
      post(OS_LAYERS, { ...osLayer('c'), status: [] }),
    ),
    asking(
      'the main path leaves the status',
      MADE,
      merge(S, { status: { observedGeneration: 1 } }),
      merge(L, { status: { observedGeneration: 2 }, spec: { displayName: 'x' } }),
      put(L, {
        ...osLayer('a', {}, { resourceVersion: '{2.metadata.resourceVersion}' }),
        status: { observedGeneration: 9 },
      }),
    ),
    asking(
      'the status path leaves the spec',
      MADE,
      merge(S, { spec: { displayName: 'x' }, status: { observedGeneration: 1 } }),
      merge(S, { metadata: { labels: { a: 'b' }, finalizers: ['x.dev/y'] } }),
      get(L),
    ),
    asking(
      'a PUT of the status',
      MADE,
      put(S, {
        ...osLayer('a', { displayName: 'x' }, { resourceVersion: '{0.metadata.resourceVersion}' }),
        status: { observedGeneration: 3, conditions: [READY] },
      }),
      put(S, { ...osLayer('a'), status: {} }),
      get(L),
    ),
    asking(
      'a status that is wrong',
      MADE,
      merge(S, { status: 'x' }),
      merge(S, { status: [] }),
      merge(S, { status: null }),
      merge(S, { status: { observedGeneration: 'x' } }),
      merge(S, { status: { observedGeneration: null } }),
      merge(S, { status: { conditions: [{ type: 'Ready' }] } }),
      merge(S, { status: { conditions: [READY, READY] } }),
      merge(S, { status: { conditions: [{ ...READY, status: 'Maybe' }] } }),
      merge(S, { status: { conditions: [{ ...READY, lastTransitionTime: 'today' }] } }),
      merge(S, { status: { conditions: [{ ...READY, observedGeneration: -1 }] } }),
    ),
    asking(
      'a wrong spec by way of the status',
      MADE,
      merge(S, { spec: { displayName: 5 } }),
      merge(S, { spec: { channels: { prod: '9' } }, status: { observedGeneration: 1 } }),
      merge(S, { spec: null }),
    ),
    asking(
      'conditions as controllers write them',
      MADE,
      merge(S, { status: { conditions: [READY] } }),
      jsonPatch(S, [
        { op: 'replace', path: '/status/conditions/0/message', value: 'other' },
        { op: 'add', path: '/status/handle', value: 'h' },
      ]),
      jsonPatch(S, [{ op: 'remove', path: '/status' }]),
      get(L),
    ),
    asking(
      'a stale revision of a status',
      MADE,
      merge(S, { status: { observedGeneration: 1 } }),
      merge(S, {
        metadata: { resourceVersion: '{0.metadata.resourceVersion}' },
        status: { observedGeneration: 2 },
      }),
      merge(S, {
        metadata: { resourceVersion: '{1.metadata.resourceVersion}' },
        status: { observedGeneration: 2 },
      }),
    ),
    asking(
      'the status of what is not there',
      get(S),
      merge(S, { status: {} }),
      put(S, osLayer('a')),
    ),
    asking('methods of a status', MADE, post(S, osLayer('a')), remove(S)),
    asking(
      'a kind without a status',
      post(CONFIG_MAPS, configMap('a')),
      get(`${CONFIG_MAPS}/a/status`),
      merge(`${CONFIG_MAPS}/a/status`, {}),
    ),
    asking(
      'other subresources',
      MADE,
      get(`${L}/scale`),
      get(`${L}/nothing`),
      get(`${L}/status/more`),
      put(`${NAMESPACES}/{ns}/finalize`, {}, { pick: () => 'whatever' }),
    ),
    asking(
      'the status of a namespace',
      get(`${NAMESPACES}/{ns}/status`),
      merge(`${NAMESPACES}/{ns}/status`, { status: { phase: 'Terminating' } }),
      get(`${NAMESPACES}/{ns}`),
    ),
    asking(
      'a dry run of a status',
      MADE,
      merge(`${S}?dryRun=All`, { status: { handle: 'h' } }),
      get(L),
    ),
    asking(
      'a status while the object is being deleted',
      post(OS_LAYERS, osLayer('a', {}, { finalizers: ['x.dev/y'] })),
      remove(L),
      merge(S, { status: { observedGeneration: 1 } }),
      merge(S, { metadata: { finalizers: [] } }),
      get(L),
    ),
  ],
};
