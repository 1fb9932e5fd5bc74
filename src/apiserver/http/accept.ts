import { notAcceptable } from './refusals.ts';

/** How objects are written into an answer. */
export type Form = 'object' | 'table' | 'partial';

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
  return accept
    .split(',', MAX_RANGES)
    .map(parseRange)
    .filter(({ weight }) => weight > 0)
    .sort((left, right) => right.weight - left.weight);
}

const JSON_RANGES: ReadonlySet<string> = new Set(['application/json', 'application/*', '*/*']);

function formOf(range: Range, partialKind: string): Form | undefined {
  if (!JSON_RANGES.has(range.type)) return undefined;
  const { as, g, v } = range.parameters;
  if (as === undefined) return 'object';
  if (g !== 'meta.k8s.io' || v !== 'v1') return undefined;
  if (as === 'Table') return 'table';
  return as === partialKind ? 'partial' : undefined;
}

/**
 * The first accepted form that is written here: JSON as the object, as a Table or as bare metadata.
 * `partialKind` is the kind that bare metadata has at this place. Throws 406.
 */
export function negotiate(
  accept: string | undefined,
  partialKind: 'PartialObjectMetadata' | 'PartialObjectMetadataList',
): Form {
  for (const range of ranges(accept)) {
    const form = formOf(range, partialKind);
    if (form !== undefined) return form;
  }
  throw notAcceptable();
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
