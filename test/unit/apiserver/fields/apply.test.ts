import { describe, expect, it } from '../../../support/runner.ts';
import type { SchemaNode } from '../../../../src/api/validation/schema-node.ts';
import { configured } from '../../../../src/apiserver/fields/configuration.ts';
import { EMPTY } from '../../../../src/apiserver/fields/field-set.ts';
import { shapeOf } from '../../../../src/apiserver/fields/shape.ts';
import { managedAfterWrite, type Place } from '../../../../src/apiserver/fields/track.ts';

const TEXT: SchemaNode = { type: 'string' };

/** One kind of everything that objects are merged by. */
const SCHEMA: SchemaNode = {
  type: 'object',
  properties: {
    apiVersion: TEXT,
    kind: TEXT,
    metadata: { type: 'object', properties: { name: TEXT, managedFields: { type: 'array' } } },
    map: { type: 'object', additionalProperties: TEXT },
    whole: { type: 'object', 'x-kubernetes-map-type': 'atomic', additionalProperties: TEXT },
    list: { type: 'array', items: TEXT },
    set: { type: 'array', items: TEXT, 'x-kubernetes-list-type': 'set' },
    items: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name', 'kind'],
      items: {
        type: 'object',
        properties: { name: TEXT, kind: { ...TEXT, default: 'plain' }, value: TEXT },
      },
    },
  },
};

const HEAD = { apiVersion: 'x/v1', kind: 'X' };

function placeAt(seconds: number): Place {
  return {
    rules: { shape: shapeOf(SCHEMA), ignored: EMPTY },
    ...HEAD,
    always: {},
    nowMs: Date.UTC(2026, 0, 1) + seconds * 1000,
  };
}

type Content = Readonly<Record<string, unknown>>;

interface Apply {
  readonly by: string;
  readonly says: Content;
  readonly force?: boolean;
  /** Written by another way than apply. */
  readonly plain?: boolean;
}

/** What a history of applies ends in: the content, and the fields of each manager. */
function ended(history: readonly Apply[]): { readonly content: Content; readonly owners: Content } {
  let old: Content | undefined;
  for (const [index, { by, says, force = false, plain = false }] of history.entries()) {
    const place = placeAt(index);
    const given = { ...(old === undefined ? {} : { old }), manager: by };
    if (plain) {
      const next = { ...HEAD, metadata: {}, ...says };
      const managedFields = managedAfterWrite(place, { ...given, next, sent: undefined });
      old = { ...next, metadata: { managedFields } };
    } else {
      const configuration = { ...HEAD, ...says };
      const { object, managedFields } = configured(place, { ...given, configuration, force });
      old = { ...object, metadata: { managedFields } };
    }
  }
  const { apiVersion: _version, kind: _kind, metadata, ...content } = old ?? {};
  const { managedFields } = metadata as {
    managedFields: readonly { manager: string; fieldsV1: Content }[];
  };
  const owners = managedFields.map(({ manager, fieldsV1 }) => [manager, fieldsV1] as const);
  return { content, owners: Object.fromEntries(owners) };
}

/** The expected values follow from the documentation of server-side apply. */
const HISTORIES: readonly {
  readonly why: string;
  readonly history: readonly Apply[];
  readonly content: Content;
  readonly owners: Content;
}[] = [
  {
    why: 'owns what it says',
    history: [{ by: 'a', says: { map: { x: '1' }, list: ['1'], set: ['s'] } }],
    content: { map: { x: '1' }, list: ['1'], set: ['s'] },
    owners: { a: { 'f:list': {}, 'f:map': { 'f:x': {} }, 'f:set': { 'v:"s"': {} } } },
  },
  {
    why: 'removes what it says no longer',
    history: [
      { by: 'a', says: { map: { x: '1', y: '2' } } },
      { by: 'a', says: { map: { x: '1' } } },
    ],
    content: { map: { x: '1' } },
    owners: { a: { 'f:map': { 'f:x': {} } } },
  },
  {
    why: 'leaves what somebody else says too',
    history: [
      { by: 'a', says: { map: { x: '1', y: '2' } } },
      { by: 'b', says: { map: { y: '2' } } },
      { by: 'a', says: { map: { x: '1' } } },
    ],
    content: { map: { x: '1', y: '2' } },
    owners: { a: { 'f:map': { 'f:x': {} } }, b: { 'f:map': { 'f:y': {} } } },
  },
  {
    why: 'takes a field by force',
    history: [
      { by: 'a', says: { map: { x: '1' } } },
      { by: 'b', says: { map: { x: '2' } }, force: true },
    ],
    content: { map: { x: '2' } },
    owners: { b: { 'f:map': { 'f:x': {} } } },
  },
  {
    why: 'merges a list by its keys, a default among them, in the order of the last apply',
    history: [
      { by: 'a', says: { items: [{ name: 'one' }, { name: 'two', kind: 'plain', value: '2' }] } },
      { by: 'b', says: { items: [{ name: 'three' }, { name: 'one', value: '1' }] } },
    ],
    content: {
      items: [
        { name: 'three' },
        { name: 'one', value: '1' },
        { name: 'two', kind: 'plain', value: '2' },
      ],
    },
    owners: {
      a: {
        'f:items': {
          'k:{"kind":"plain","name":"one"}': { '.': {}, 'f:name': {} },
          'k:{"kind":"plain","name":"two"}': {
            '.': {},
            'f:kind': {},
            'f:name': {},
            'f:value': {},
          },
        },
      },
      b: {
        'f:items': {
          'k:{"kind":"plain","name":"one"}': { '.': {}, 'f:name': {}, 'f:value': {} },
          'k:{"kind":"plain","name":"three"}': { '.': {}, 'f:name': {} },
        },
      },
    },
  },
  {
    why: 'owns an atomic map as a whole',
    history: [
      { by: 'a', says: { whole: { x: '1' } } },
      { by: 'b', says: { whole: { y: '2' } }, force: true },
    ],
    content: { whole: { y: '2' } },
    owners: { b: { 'f:whole': {} } },
  },
  {
    why: 'tells writes from applies, and lets a write take fields',
    history: [
      { by: 'a', says: { map: { x: '1' } } },
      { by: 'b', says: { map: { x: '2', z: '3' } }, plain: true },
    ],
    content: { map: { x: '2', z: '3' } },
    owners: { b: { 'f:map': { 'f:x': {}, 'f:z': {} } } },
  },
  {
    why: 'does not take names for what objects inherit',
    history: [
      { by: 'a', says: { map: { constructor: '1' } } },
      { by: 'b', says: { map: { toString: '2' } } },
    ],
    content: { map: { constructor: '1', toString: '2' } },
    owners: { a: { 'f:map': { 'f:constructor': {} } }, b: { 'f:map': { 'f:toString': {} } } },
  },
];

describe('server-side apply', () => {
  it.each(HISTORIES)('$why', ({ history, content, owners }) => {
    expect(ended(history)).toEqual({ content, owners });
  });

  it('refuses fields of others, with all of them', () => {
    const history = [
      { by: 'a', says: { map: { x: '1' }, set: ['s'] } },
      { by: 'b', says: { map: { x: '2' } } },
    ];
    expect(() => ended(history)).toThrow('Apply failed with 1 conflict: conflict with "a": .map.x');
  });

  it('merges the oldest of more than ten writers', () => {
    const keys = Array.from({ length: 12 }, (_, index) => `k${index}`);
    const history = keys.map((_, index) => ({
      by: `writer-${index}`,
      says: { map: Object.fromEntries(keys.slice(0, index + 1).map((key) => [key, '1'])) },
      plain: true,
    }));
    const { owners } = ended(history);
    expect(Object.keys(owners)).toHaveLength(10);
    expect(owners['ancient-changes']).toEqual({
      'f:map': { '.': {}, 'f:k0': {}, 'f:k1': {}, 'f:k2': {} },
    });
  });
});
