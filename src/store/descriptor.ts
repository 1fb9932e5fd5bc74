import { isDigest, type Digest } from '../core/digest.ts';
import { isObject } from '../core/json.ts';
import { layerInvalid } from './failures.ts';

/** Names a blob, as OCI writes it. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** String to string, or nothing. */
export function readAnnotations(value: unknown): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
}

/** Reads a descriptor of a layer's manifest; foreign addresses are refused, never followed. */
export function readDescriptor(value: unknown, layer: string): Descriptor {
  if (!isObject(value)) throw layerInvalid(layer, 'a descriptor is not an object');
  const { mediaType, digest, size } = value;
  if ('urls' in value) throw layerInvalid(layer, 'a descriptor has urls');
  if (typeof mediaType !== 'string') throw layerInvalid(layer, 'a descriptor has no media type');
  if (!isDigest(digest)) {
    throw layerInvalid(layer, 'a descriptor has no sha256 digest');
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw layerInvalid(layer, `the descriptor of ${digest} has no usable size`);
  }
  return { mediaType, digest, size };
}
