/*
 * A reader of Prometheus' text format that is written from its specification, and stricter than a scraper:
 * https://prometheus.io/docs/instrumenting/exposition_formats/. Whatever is wrong throws.
 */

/** One value with its labels. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  help?: string;
  type?: string;
  readonly samples: Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)(?: (-?\\d+))?$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/;
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

function assert(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`not Prometheus' text format: ${what}`);
}

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  let rest = text;
  while (rest !== '') {
    const [whole = '', name = '', value = ''] = LABEL.exec(rest) ?? [];
    assert(whole !== '', `labels ${text}`);
    assert(!Object.hasOwn(labels, name), `twice the label ${name}`);
    labels[name] = value.replace(/\\(.)/g, (_, letter: string) => (letter === 'n' ? '\n' : letter));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function numberOf(text: string): number {
  // As Go's ParseFloat reads them, whose words have no case.
  if (/^nan$/i.test(text)) return NaN;
  if (/^[+-]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  const value = Number(text);
  assert(Number.isFinite(value), `value ${text}`);
  return value;
}

function sampleOf(line: string): Sample {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
  assert(name !== '', `line ${line}`);
  return { name, labels: labelsOf(labels), value: numberOf(value) };
}

function belongs({ name, type = 'untyped' }: Family, sample: Sample): boolean {
  return (ENDINGS[type] ?? ['']).some((ending) => sample.name === name + ending);
}

function checkHistogram({ name, samples }: Family): void {
  const series = Map.groupBy(samples, ({ labels }) => {
    const { le: _le, ...rest } = labels;
    return JSON.stringify(rest);
  });
  for (const [labels, all] of series) {
    const buckets = all.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map((bucket) => numberOf(bucket.labels['le'] ?? 'none'));
    const counts = buckets.map(({ value }) => value);
    const rises = (values: readonly number[], by: number) =>
      values.every((value, at) => at === 0 || value - (values[at - 1] ?? value) >= by);
    assert(
      bounds.at(-1) === Infinity && rises(bounds, Number.MIN_VALUE),
      `${name}${labels} bounds`,
    );
    assert(rises(counts, 0), `${name}${labels} counts`);
    const count = all.find((sample) => sample.name === `${name}_count`)?.value;
    assert(count === counts.at(-1), `${name}${labels} has not all in its last bucket`);
    assert(
      all.some((sample) => sample.name === `${name}_sum`),
      `${name}${labels} has no sum`,
    );
  }
}

function checkFamily(family: Family): void {
  const { name, help, type, samples } = family;
  assert(help !== undefined && help !== '', `${name} without help`);
  assert(type !== undefined && TYPES.has(type), `${name} of type ${type}`);
  if (type === 'counter') assert(name.endsWith('_total'), `the counter ${name}`);
  const series = samples.map(
    (sample) =>
      sample.name +
      JSON.stringify(
        Object.entries(sample.labels).toSorted(([left], [right]) => (left < right ? -1 : 1)),
      ),
  );
  assert(new Set(series).size === series.length, `${name} has a series twice`);
  if (type === 'histogram') checkHistogram(family);
}

/** Reads a page. Returns all samples; throws for whatever the specification forbids. */
export function readExposition(text: string): readonly Sample[] {
  assert(text.endsWith('\n'), 'the last line does not end');
  const families: Family[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    const last = families.at(-1);
    if (word === undefined) {
      if (line.startsWith('#')) continue;
      const sample = sampleOf(line);
      assert(last !== undefined && belongs(last, sample), `${sample.name} outside of its family`);
      last.samples.push(sample);
      continue;
    }
    const family = last?.name === name ? last : { name, samples: [] };
    if (family !== last) {
      assert(!families.some((other) => other.name === name), `${name} in two places`);
      families.push(family);
    }
    assert(family.samples.length === 0, `${word} of ${name} after its samples`);
    if (word === 'HELP') family.help = rest;
    else family.type = rest;
  }
  for (const family of families) checkFamily(family);
  return families.flatMap(({ samples }) => samples);
}
