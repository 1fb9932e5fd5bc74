import { Ajv } from 'ajv';
import fc from 'fast-check';
import { openApiSchema } from '../../../src/api/crd.ts';
import { API_VERSION } from '../../../src/api/kind.ts';
import { KINDS } from '../../../src/api/kinds/all.ts';
import { checkObject } from '../../../src/api/validation/check.ts';
import type { SchemaNode } from '../../../src/api/validation/schema-node.ts';
import { describe, expect, it } from '../../support/runner.ts';
import { property } from '../../support/soak.ts';

const junk = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -5, max: 300 }),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  fc.string({ maxLength: 50 }),
  fc.constant([]),
  fc.constant({}),
);

function text(schema: SchemaNode): fc.Arbitrary<string> {
  if (schema.enum !== undefined) return fc.constantFrom(...(schema.enum as string[]));
  if (schema.format === 'date-time') {
    return fc
      .date({ noInvalidDate: true, max: new Date('9000-01-01'), min: new Date(0) })
      .map((date) => date.toISOString());
  }
  if (schema.pattern !== undefined) return fc.stringMatching(new RegExp(schema.pattern, 'u'));
  return fc.string({ maxLength: 40 });
}

function fieldsOf(schema: SchemaNode): fc.Arbitrary<unknown> {
  const known = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([key, child]) => [key, mostly(child)]),
  );
  const requiredKeys = schema.required?.filter((key) => key in known) ?? [];
  const record = fc.record<Record<string, unknown>>({ ...known, stray: junk }, { requiredKeys });
  return fc.oneof(
    { arbitrary: record, weight: 12 },
    fc.record<Record<string, unknown>>({ ...known }, { requiredKeys: [] }),
  );
}

function good(schema: SchemaNode): fc.Arbitrary<unknown> {
  switch (schema.type) {
    case 'object':
      return schema.additionalProperties === undefined
        ? fieldsOf(schema)
        : fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), mostly(schema.additionalProperties), {
            maxKeys: 6,
          });
    case 'array':
      return schema.items === undefined
        ? fc.constant([])
        : fc.array(mostly(schema.items), { maxLength: 3 });
    case 'string':
      return text(schema);
    case 'integer':
    case 'number':
      return fc.integer({
        min: schema.minimum ?? -10,
        max: Math.min(schema.maximum ?? 1000, 2 ** 31 - 1),
      });
    case 'boolean':
      return fc.boolean();
  }
}

/** Values that fit the schema, and now and then something else. */
function mostly(schema: SchemaNode): fc.Arbitrary<unknown> {
  return fc.oneof({ arbitrary: good(schema), weight: 40 }, { arbitrary: junk, weight: 1 });
}

/** Rules are attached to the spec as a whole; no scalar is. */
function isRule(type: string, field: string): boolean {
  return type === 'FieldValueInvalid' && field === 'spec';
}

const EXTENSIONS = [
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
];

function judge(schema: object): (candidate: unknown) => boolean {
  const ajv = new Ajv({ strict: true, strictTypes: false, useDefaults: false, allErrors: false });
  for (const keyword of EXTENSIONS) ajv.addKeyword(keyword);
  ajv.addFormat(
    'date-time',
    (value) => /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value)),
  );
  const validate = ajv.compile(schema);
  return (candidate) => validate(candidate);
}

describe.each(KINDS.map((definition) => [definition.kind, definition] as const))(
  '%s by ajv',
  (kind, definition) => {
    it('comes to the same verdict on random documents', () => {
      const schema = openApiSchema(definition);
      const accepts = judge(schema);
      const bodies = fc.record({
        spec: mostly(schema.properties?.['spec'] as SchemaNode),
        status: mostly(schema.properties?.['status'] as SchemaNode),
      });
      const verdicts = { good: 0, bad: 0 };
      fc.assert(
        fc.property(bodies, (body) => {
          const { object, errors } = checkObject(definition, {
            apiVersion: API_VERSION,
            kind,
            ...body,
          });
          // Duplicate keys and rules are beyond JSON Schema; everything else ajv must see too.
          const ours = errors.filter(
            ({ type, field }) => type !== 'FieldValueDuplicate' && !isRule(type, field),
          );
          const accepted = accepts(object);
          verdicts[accepted ? 'good' : 'bad'] += 1;
          expect({ accepted, ours }).toEqual({ accepted: ours.length === 0, ours });
        }),
        property(3000),
      );
      // Without both verdicts in numbers the comparison would prove nothing.
      expect(Math.min(verdicts.good, verdicts.bad)).toBeGreaterThan(15);
    });
  },
);
