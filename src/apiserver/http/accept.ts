import { notAcceptable } from './refusals.ts';

/** How objects are written into an answer. */
export interface Format {
  readonly form: 'object' | 'table' | 'partial';
  /** Of meta.k8s.io, in which Tables and bare metadata are written. */
  readonly version: 'v1' | 'v1beta1';
}

interface Range {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly weight: number;
}

const MAX_RANGES = 32;

function parseRange(text: string): Range {
  const [type = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = Object.fromEntries(
    rest.map((part) => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
    }),
  );
  const weight = Number(parameters['q'] ?? 1);
  return { type: type.toLowerCase(), parameters, weight: Number.isFinite(weight) ? weight : 0 };
}

function ranges(accept: string | undefined): readonly Range[] {
  if (accept === undefined || accept.trim() === '') return [parseRange('*/*')];
  // Upstream sorts by weight only: a weight of 0 comes last, and is taken.
  return accept
    .split(',', MAX_RANGES)
    .map(parseRange)
    .sort((left, right) => right.weight - left.weight);
}

const JSON_RANGES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

function formatOf(range: Range, partialKind: string): Format | undefined {
  if (!JSON_RANGES.has(range.type)) return undefined;
  const { as, g, v } = range.parameters;
  if (as === undefined) return { form: 'object', version: 'v1' };
  if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return undefined;
  if (as === 'Table') return { form: 'table', version: v };
  return as === partialKind ? { form: 'partial', version: v } : undefined;
}

/**
 * The first accepted form that is written here: JSON as the object, as a Table or as bare metadata.
 * `partialKind` is the kind that bare metadata has at this place. Throws 406.
 */
export function negotiate(
  accept: string | undefined,
  partialKind: 'PartialObjectMetadata' | 'PartialObjectMetadataList',
): Format {
  const formats = ranges(accept).map((range) => formatOf(range, partialKind));
  const format = formats.find((each) => each !== undefined);
  if (format === undefined) throw notAcceptable();
  return format;
}

/** Whether the client asked for the aggregated form of discovery before the plain one. */
export function wantsAggregated(accept: string | undefined): boolean {
  for (const { type, parameters } of ranges(accept)) {
    if (!JSON_RANGES.has(type)) continue;
    const { as, g, v } = parameters;
    if (as === undefined) return false;
    if (as === 'APIGroupDiscoveryList' && g === 'apidiscovery.k8s.io' && v === 'v2') return true;
  }
  return false;
}
