import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { entriesOf } from '../core/json.ts';
import {
  COUNTERS,
  GAUGES,
  HISTOGRAMS,
  type GaugeName,
  type MetricLabels,
  type Metrics,
  type MetricsPage,
} from './metrics.ts';

/** A gauge that asks everybody who has a value for it. */
function askingGauge(registry: Registry, name: GaugeName) {
  const { help, labels } = GAUGES[name];
  const asked: { readonly labels: MetricLabels; readonly value: () => number | Promise<number> }[] =
    [];
  const gauge = new Gauge<string>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    async collect() {
      for (const each of asked) gauge.set({ ...each.labels }, await each.value());
    },
  });
  return asked;
}

/** Counts for Prometheus, with what Node tells of itself: memory, processor, event loop. */
export function prometheusMetrics(): Metrics & MetricsPage {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counters = new Map(
    entriesOf(COUNTERS).map(([name, { help, labels: labelNames }]) => [
      name,
      new Counter<string>({ name, help, labelNames, registers }),
    ]),
  );
  const histograms = new Map(
    entriesOf(HISTOGRAMS).map(([name, { help, labels: labelNames, buckets }]) => [
      name,
      new Histogram<string>({ name, help, labelNames, registers, buckets: [...buckets] }),
    ]),
  );
  const gauges = new Map(entriesOf(GAUGES).map(([name]) => [name, askingGauge(registry, name)]));
  return {
    add: (name, by, labels) => counters.get(name)?.inc({ ...labels }, by),
    observe: (name, value, labels) => histograms.get(name)?.observe({ ...labels }, value),
    gauge: (name, labels, value) => void gauges.get(name)?.push({ labels, value }),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}
