/** Labels of one series. */
type MetricLabels = Readonly<Record<string, string>>;

/** Where the runtime counts; names are those of controller-runtime, so that dashboards work. */
export interface Metrics {
  /** Adds to a counter. */
  add(name: string, by: number, labels: MetricLabels): void;
  /** Sets a gauge. */
  set(name: string, value: number, labels: MetricLabels): void;
  /** Adds a measured value to a histogram; names end in their unit. */
  observe(name: string, value: number, labels: MetricLabels): void;
}

/** Counts nothing. */
export const noMetrics: Metrics = {
  add: () => undefined,
  set: () => undefined,
  observe: () => undefined,
};
