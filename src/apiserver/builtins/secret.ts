import { isObject, textsOf } from '../../core/json.ts';
import { invalid, required, type FieldError } from '../../api/validation/field-error.ts';
import type { StoredObject } from '../model/object.ts';
import { base64Texts, decodedBytes, immutableErrors, keyErrors, sizeErrors } from './data.ts';
import { builtIn, prune, schemaOf, text, texts } from './structural.ts';

const schema = schemaOf('A Secret holds passwords, tokens and keys.', {
  type: text('What kind of secret it is; Opaque by default.'),
  immutable: { type: 'boolean', description: 'True: the data can never change again.' },
  data: texts('Bytes by key, in base64.'),
  stringData: texts('Text by key, for writing only; goes into data.'),
});

type Content = Readonly<Record<string, unknown>>;
type Data = Readonly<Record<string, string>>;

function missing(data: Data, keys: readonly string[]): readonly FieldError[] {
  const absent = keys.filter((key) => !Object.hasOwn(data, key));
  return absent.map((key) => required(`data[${key}]`));
}

function jsonErrors(data: Data, key: string): readonly FieldError[] {
  const content = Object.hasOwn(data, key) ? data[key] : undefined;
  if (content === undefined) return [required(`data[${key}]`)];
  try {
    const text = Buffer.from(content, 'base64').toString();
    if (isObject(JSON.parse(text))) return [];
  } catch {
    // Told below, without the content.
  }
  return [invalid(`data[${key}]`, '<secret contents redacted>', 'must be a JSON object')];
}

/** What each type of secret must have. */
const BY_TYPE: Readonly<Record<string, (data: Data, content: Content) => readonly FieldError[]>> = {
  'kubernetes.io/dockercfg': (data) => jsonErrors(data, '.dockercfg'),
  'kubernetes.io/dockerconfigjson': (data) => jsonErrors(data, '.dockerconfigjson'),
  'kubernetes.io/basic-auth': (data) => {
    const absent = missing(data, ['username', 'password']);
    return absent.length < 2 ? [] : absent;
  },
  'kubernetes.io/ssh-auth': (data) =>
    data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')],
  'kubernetes.io/tls': (data) => missing(data, ['tls.crt', 'tls.key']),
  'kubernetes.io/service-account-token': (_data, { metadata }) => {
    const annotations = isObject(metadata) ? textsOf(metadata['annotations']) : {};
    const name = 'kubernetes.io/service-account.name';
    return annotations[name] ? [] : [required(`metadata.annotations[${name}]`)];
  },
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
  const all = { ...base64Texts('Secret', 'data', data), ...Object.fromEntries(added) };
  return {
    ...rest,
    ...(Object.keys(all).length === 0 ? {} : { data: all }),
    type: typeOf(content),
  };
}

function errorsOf(content: Content, old: StoredObject | undefined): readonly FieldError[] {
  const type = typeOf(content);
  const data = textsOf(content['data']);
  const ofType = Object.hasOwn(BY_TYPE, type) ? BY_TYPE[type] : undefined;
  const changed = old !== undefined && typeOf(old) !== type;
  return [
    ...keyErrors('data', Object.keys(data)),
    ...sizeErrors('data', decodedBytes(data)),
    ...(ofType?.(data, content) ?? []),
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
    check: (candidate, { old } = {}) => {
      const { object: pruned, unknown } = prune('Secret', schema, candidate);
      const object = merged(pruned);
      return { object, unknown, errors: errorsOf(object, old) };
    },
    selectable: { type: typeOf },
  },
});
