import { badRequest } from '../model/errors.ts';
import type { StoredObject } from '../model/object.ts';
import type { ServedResource } from '../model/resource.ts';

interface Requirement {
  readonly field: string;
  readonly value: string;
  readonly equal: boolean;
}

/** A field selector: what to test, and what is fixed by equality so that the store can narrow. */
export interface FieldSelector {
  readonly matches: (object: StoredObject) => boolean;
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

const MAX_LENGTH = 16_384;

/** Splits at commas that no backslash guards. */
function terms(text: string): readonly string[] {
  return [...text.matchAll(/(?:\\.|[^\\,])+/gs)].map(([term]) => term);
}

function parseTerm(term: string): Requirement {
  const match = /^((?:\\.|[^\\=!])*)(!=|==|=)(.*)$/s.exec(term);
  if (match === null) {
    throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`);
  }
  const [, field = '', operator, raw = ''] = match;
  const [odd] = /\\(?![\\,=]).?|=/s.exec(raw.replaceAll(/\\[\\,=]/g, '')) ?? [];
  if (odd?.startsWith('\\') === true) {
    throw badRequest(`invalid field selector: invalid escape sequence: ${odd}`);
  }
  if (odd !== undefined) {
    throw badRequest(`invalid field selector: unescaped character in value: ${odd.charCodeAt(0)}`);
  }
  const value = raw.replaceAll(/\\([\\,=])/g, '$1');
  return { field: field.trim(), value, equal: operator !== '!=' };
}

function readerOf(
  resource: ServedResource,
  field: string,
): (object: StoredObject) => string | undefined {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace' && resource.namespaced) {
    return (object) => object.metadata.namespace;
  }
  const { selectable } = resource.strategy;
  const reader = Object.hasOwn(selectable, field) ? selectable[field] : undefined;
  if (reader !== undefined) return reader;
  const isPlain = resource.definition === undefined && Object.keys(selectable).length === 0;
  throw badRequest(
    isPlain
      ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${field}`,
  );
}

/** Parses a field selector; undefined selects everything. */
export function parseFieldSelector(
  resource: ServedResource,
  text: string | undefined,
): FieldSelector | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  if (text.length > MAX_LENGTH) throw badRequest('the field selector is too long');
  const requirements = terms(text).map(parseTerm);
  const tests = requirements.map(({ field, value, equal }) => {
    const read = readerOf(resource, field);
    return (object: StoredObject) => (read(object) === value) === equal;
  });
  const fixed = (field: string) =>
    requirements.find((item) => item.field === field && item.equal)?.value;
  return {
    matches: (object) => tests.every((test) => test(object)),
    name: fixed('metadata.name'),
    namespace: fixed('metadata.namespace'),
  };
}
