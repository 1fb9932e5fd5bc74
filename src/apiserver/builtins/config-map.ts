import { textsOf } from '../../core/json.ts';
import { invalid, type FieldError } from '../../api/validation/field-error.ts';
import { base64Texts, decodedBytes, immutableErrors, keyErrors, sizeErrors } from './data.ts';
import { builtIn, prune, schemaOf, texts } from './structural.ts';

const schema = schemaOf('A ConfigMap holds settings for others to read.', {
  immutable: { type: 'boolean', description: 'True: the data can never change again.' },
  data: texts('Text by key.'),
  binaryData: texts('Bytes by key, in base64.'),
});

function contentErrors(content: Readonly<Record<string, unknown>>): readonly FieldError[] {
  const [data, binary] = [textsOf(content['data']), textsOf(content['binaryData'])];
  const textBytes = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  const twice = Object.keys(data).filter((key) => Object.hasOwn(binary, key));
  return [
    ...keyErrors('data', Object.keys(data)),
    ...keyErrors('binaryData', Object.keys(binary)),
    ...twice.map((key) => invalid(`data[${key}]`, key, 'duplicate of key present in binaryData')),
    // Upstream's name for the object as a whole.
    ...sizeErrors('[]', textBytes + decodedBytes(binary)),
  ];
}

/** ConfigMaps. */
export const CONFIG_MAPS = builtIn({
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  short: ['cm'],
  schema,
  strategy: {
    check: (candidate, { old } = {}) => {
      const { object: pruned, unknown } = prune('ConfigMap', schema, candidate);
      const binaryData = base64Texts('ConfigMap', 'binaryData', pruned['binaryData']);
      const isText = Object.keys(binaryData).length === 0;
      const object = isText ? pruned : { ...pruned, binaryData };
      const frozen = immutableErrors(object, old, ['data', 'binaryData']);
      return { object, unknown, errors: [...contentErrors(object), ...frozen] };
    },
  },
});
