import { textsOf } from '../../core/json.ts';
import { invalid, required } from '../../api/validation/field-error.ts';
import type { StoredObject } from '../model/object.ts';
import type { FieldError } from '../model/resource.ts';
import { decodedBytes, immutableErrors, keyErrors, sizeErrors } from './data.ts';
import { builtIn, prune, schemaOf, text, texts } from './structural.ts';

const schema = schemaOf('A Secret holds passwords, tokens and keys.', {
  type: text('What kind of secret it is; Opaque by default.'),
  immutable: { type: 'boolean', description: 'True: the data can never change again.' },
  data: texts('Bytes by key, in base64.'),
  stringData: texts('Text by key, for writing only; goes into data.'),
});

type Content = Readonly<Record<string, unknown>>;

/** Keys that a type of secret must have. */
const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};

function typeOf(content: Content): string {
  const { type } = content;
  return typeof type === 'string' && type !== '' ? type : 'Opaque';
}

function merged(content: Content): Content {
  const { stringData, data, ...rest } = content;
  const added = Object.entries(textsOf(stringData)).map(
    ([key, value]) => [key, Buffer.from(value).toString('base64')] as const,
  );
  const all = { ...textsOf(data), ...Object.fromEntries(added) };
  return {
    ...rest,
    ...(Object.keys(all).length === 0 ? {} : { data: all }),
    type: typeOf(content),
  };
}

function errorsOf(content: Content, old: StoredObject | undefined): readonly FieldError[] {
  const type = typeOf(content);
  const data = textsOf(content['data']);
  const missing = (REQUIRED_KEYS[type] ?? []).filter((key) => !Object.hasOwn(data, key));
  const changed = old !== undefined && typeOf(old) !== type;
  return [
    ...keyErrors('data', Object.keys(data)),
    ...sizeErrors('data', decodedBytes('Secret', 'data', data)),
    ...missing.map((key) => required(`data[${key}]`)),
    ...(changed ? [invalid('type', type, 'field is immutable')] : []),
    ...immutableErrors(content, old, ['data']),
  ];
}

/** Secrets. */
export const SECRETS = builtIn({
  kind: 'Secret',
  plural: 'secrets',
  singular: 'secret',
  schema,
  strategy: {
    check: (candidate, old) => {
      const { object: pruned, unknown } = prune('Secret', schema, candidate);
      const object = merged(pruned);
      return { object, unknown, errors: errorsOf(object, old) };
    },
    generation: false,
    unconditionalUpdate: true,
    labelName: false,
    selectable: { type: typeOf },
    keptByStatus: [],
    mergeKeys: {},
  },
});
