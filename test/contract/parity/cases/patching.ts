import { asking, get, jsonPatch, merge, post, strategic, type Group } from '../case.ts';
import { CONFIG_MAPS, configMap, NAMESPACES, namespace, OS_LAYERS, osLayer } from '../objects.ts';

const A = `${CONFIG_MAPS}/a`;
const L = `${OS_LAYERS}/a`;
const MADE = post(
  CONFIG_MAPS,
  configMap('a', { data: { a: '1', b: '2' } }, { labels: { x: 'y' } }),
);
const MADE_OURS = post(OS_LAYERS, osLayer('a'));

/** One JSON patch on a ConfigMap and, where it fits, what it left. */
function operations(why: string, ...patch: readonly unknown[]) {
  return asking(`JSON patch: ${why}`, MADE, jsonPatch(A, patch), get(A));
}

/** The four formats of patches, and what is refused of them. */
export const PATCHING: Group = {
  name: 'patches',
  cases: [
    operations('add', { op: 'add', path: '/data/c', value: '3' }),
    operations('add over what is there', { op: 'add', path: '/data/a', value: '3' }),
    operations('add below what is missing', { op: 'add', path: '/binaryData/c', value: 'AA==' }),
    operations('add without value', { op: 'add', path: '/data/c' }),
    operations('add null', { op: 'add', path: '/data/c', value: null }),
    operations('replace', { op: 'replace', path: '/data/a', value: '3' }),
    operations('replace of a missing key', { op: 'replace', path: '/data/zz', value: '3' }),
    operations('replace without value', { op: 'replace', path: '/data/a' }),
    operations('remove', { op: 'remove', path: '/data/a' }),
    operations('remove of a missing key', { op: 'remove', path: '/data/zz' }),
    operations('remove of the last key', { op: 'remove', path: '/metadata/labels/x' }),
    operations('move', { op: 'move', from: '/data/a', path: '/data/z' }),
    operations('move from nowhere', { op: 'move', from: '/data/zz', path: '/data/z' }),
    operations('copy', { op: 'copy', from: '/data/a', path: '/data/z' }),
    operations('test that holds', { op: 'test', path: '/data/a', value: '1' }),
    operations('test that fails', { op: 'test', path: '/data/a', value: '9' }),
    operations('test of a missing key', { op: 'test', path: '/data/zz', value: '9' }),
    operations('test of null', { op: 'test', path: '/data/zz', value: null }),
    operations(
      'all or nothing',
      { op: 'replace', path: '/data/a', value: '9' },
      { op: 'test', path: '/data/b', value: '9' },
    ),
    operations('an escaped path', {
      op: 'add',
      path: '/metadata/labels/example.com~1x',
      value: 'y',
    }),
    operations('a path without a slash', { op: 'add', path: 'data', value: {} }),
    operations('the whole document', { op: 'replace', path: '', value: configMap('a') }),
    operations('an unknown operation', { op: 'frob', path: '/data/a' }),
    operations('an operation without path', { op: 'remove' }),
    operations('an operation that is no map', 'x'),
    operations('a wrong type', { op: 'replace', path: '/data', value: 'x' }),
    operations('nothing'),
    asking(
      'JSON patch: items of a list',
      post(CONFIG_MAPS, configMap('a', {}, { finalizers: ['x.dev/1', 'x.dev/2'] })),
      jsonPatch(A, [{ op: 'add', path: '/metadata/finalizers/-', value: 'x.dev/3' }]),
      jsonPatch(A, [{ op: 'add', path: '/metadata/finalizers/0', value: 'x.dev/0' }]),
      jsonPatch(A, [{ op: 'replace', path: '/metadata/finalizers/1', value: 'x.dev/9' }]),
      jsonPatch(A, [{ op: 'remove', path: '/metadata/finalizers/-1' }]),
      jsonPatch(A, [{ op: 'add', path: '/metadata/finalizers/-1', value: 'x.dev/n' }]),
      jsonPatch(A, [{ op: 'add', path: '/metadata/finalizers/9', value: 'x.dev/n' }]),
      jsonPatch(A, [{ op: 'remove', path: '/metadata/finalizers/9' }]),
      jsonPatch(A, [{ op: 'remove', path: '/metadata/finalizers/01' }]),
      jsonPatch(A, [{ op: 'replace', path: '/metadata/finalizers/x', value: 'x.dev/n' }]),
    ),
    asking('JSON patch: no list', MADE, jsonPatch(A, { op: 'add' }), jsonPatch(A, '[')),
    asking(
      'JSON patch: our kinds',
      MADE_OURS,
      jsonPatch(L, [{ op: 'add', path: '/spec/displayName', value: 'x' }]),
      jsonPatch(L, [{ op: 'replace', path: '/spec/channels', value: {} }]),
      jsonPatch(L, [{ op: 'remove', path: '/spec' }]),
      jsonPatch(L, [{ op: 'add', path: '/spec/versions/-', value: { name: '2' } }]),
      jsonPatch(L, [{ op: 'test', path: '/spec/versions/0/name', value: '2' }]),
    ),
    asking(
      'JSON patch: too many operations',
      MADE,
      jsonPatch(
        A,
        Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/data/a', value: '1' })),
      ),
    ),
    asking(
      'merge: keys come and go',
      MADE,
      merge(A, { data: { a: null, c: '3', zz: null } }),
      merge(A, { data: null }),
      merge(A, { data: {} }),
      merge(A, { metadata: { labels: { x: null } } }),
    ),
    asking(
      'merge: lists are replaced',
      MADE_OURS,
      merge(L, { spec: { versions: [{ name: '2', from: '1' }] } }),
      merge(L, { spec: { versions: [{ name: '1', import: null }] } }),
      merge(L, { spec: { versions: {} } }),
    ),
    asking(
      'merge: what is no map',
      MADE,
      merge(A, []),
      merge(A, '"x"'),
      merge(A, 'null'),
      merge(A, '{'),
      merge(A, ''),
    ),
    asking(
      'merge: wrong types',
      MADE,
      merge(A, { data: 'x' }),
      merge(A, { data: { a: 1 } }),
      merge(A, { data: { a: { b: null } } }),
      merge(A, { metadata: 'x' }),
      merge(A, { kind: 'Secret' }),
      merge(A, { apiVersion: 'v2' }),
    ),
    asking(
      'merge: unknown fields',
      MADE,
      merge(A, { nothing: 1 }),
      merge(`${A}?fieldValidation=Strict`, { nothing: 1 }),
      merge(`${A}?fieldValidation=Ignore`, { nothing: 1 }),
      MADE_OURS,
      merge(L, { spec: { nothing: 1 } }),
      merge(`${L}?fieldValidation=Strict`, { spec: { nothing: 1 } }),
      merge(`${L}?fieldValidation=Ignore`, { spec: { nothing: 1 } }),
    ),
    asking(
      'merge: rules of our kinds',
      MADE_OURS,
      merge(L, { spec: { channels: { prod: '9' } } }),
      merge(L, { spec: { displayName: 5 } }),
      merge(L, { spec: null }),
      merge(L, { kind: 'AppLayer' }),
      merge(L, { status: { observedGeneration: 7 } }),
    ),
    asking(
      'strategic: keys come and go',
      MADE,
      strategic(A, { data: { a: null, c: '3' } }),
      strategic(A, { data: null }),
      strategic(A, { metadata: { labels: { $patch: 'replace', n: 'm' } } }),
      strategic(A, { metadata: { labels: { $patch: 'delete' } } }),
      strategic(A, { data: { $patch: 'frob' } }),
    ),
    asking(
      'strategic: finalizers are a set',
      post(CONFIG_MAPS, configMap('a', {}, { finalizers: ['x.dev/1'] })),
      strategic(A, { metadata: { finalizers: ['x.dev/2'] } }),
      strategic(A, { metadata: { '$deleteFromPrimitiveList/finalizers': ['x.dev/1'] } }),
      strategic(A, {
        metadata: {
          '$setElementOrder/finalizers': ['x.dev/3', 'x.dev/2'],
          finalizers: ['x.dev/3'],
        },
      }),
      strategic(A, { metadata: { finalizers: null } }),
    ),
    asking(
      'strategic: owners are merged by uid',
      MADE,
      post(
        CONFIG_MAPS,
        configMap(
          'b',
          {},
          {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'ConfigMap', name: 'a', uid: '{0.metadata.uid}' },
            ],
          },
        ),
      ),
      strategic(`${CONFIG_MAPS}/b`, {
        metadata: { ownerReferences: [{ uid: '{0.metadata.uid}', controller: true }] },
      }),
      strategic(`${CONFIG_MAPS}/b`, {
        metadata: { ownerReferences: [{ uid: '{0.metadata.uid}', $patch: 'delete' }] },
      }),
      strategic(`${CONFIG_MAPS}/b`, { metadata: { ownerReferences: [{ name: 'n' }] } }),
    ),
    asking(
      'strategic: unknown fields and wrong types',
      MADE,
      strategic(A, { nothing: 1 }),
      strategic(`${A}?fieldValidation=Strict`, { nothing: 1 }),
      strategic(A, { data: 'x' }),
      strategic(A, { data: ['x'] }),
      strategic(A, []),
    ),
    asking(
      'strategic: not for our kinds',
      MADE_OURS,
      strategic(L, { spec: { displayName: 'x' } }),
      strategic(`${L}/status`, { status: {} }),
    ),
    asking(
      'strategic: namespaces',
      post(NAMESPACES, namespace('{ns}-x')),
      strategic(`${NAMESPACES}/{ns}-x`, { metadata: { labels: { a: 'b' } } }),
      strategic(`${NAMESPACES}/{ns}-x`, { spec: { finalizers: ['x.dev/y'] } }),
    ),
    asking(
      'other formats',
      MADE,
      merge(A, {}, { headers: { 'content-type': 'application/json' } }),
      merge(A, {}, { headers: { 'content-type': 'text/plain' } }),
      merge(A, {}, { headers: { 'content-type': '' } }),
      merge(A, {}, { headers: { 'content-type': 'application/merge-patch+json; charset=utf-8' } }),
    ),
    asking(
      'a patch of the finalizers of what is being deleted',
      post(CONFIG_MAPS, configMap('a', {}, { finalizers: ['x.dev/1', 'x.dev/2'] })),
      { method: 'DELETE', path: A },
      merge(A, { metadata: { finalizers: ['x.dev/1', 'x.dev/3'] } }),
      merge(A, { metadata: { finalizers: ['x.dev/1'] }, data: { a: 'b' } }),
      merge(A, { metadata: { finalizers: [] } }),
      get(A),
    ),
    asking('force is for apply alone', MADE, merge(`${A}?force=true`, { data: { a: '9' } })),
  ],
};
