/** What a series is about, and the names of its labels. No label holds what people or objects are called. */
interface Definition {
  readonly help: string;
  readonly labels: readonly string[];
}

/** A histogram, with the upper bounds of its buckets in seconds. */
interface HistogramDefinition extends Definition {
  readonly buckets: readonly number[];
}

const PASSES = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600];
const REQUESTS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
const STAGES = [0.1, 1, 5, 15, 60, 300, 900, 3600, 14_400, 43_200, 172_800];

/** What only grows. Names that Kubernetes and controller-runtime have are used as they are there. */
export const COUNTERS = {
  workqueue_adds_total: { help: 'Keys put into the queue.', labels: ['name'] },
  workqueue_retries_total: { help: 'Keys that come again after a failure.', labels: ['name'] },
  controller_runtime_reconcile_total: { help: 'Passes.', labels: ['controller', 'result'] },
  controller_runtime_reconcile_errors_total: { help: 'Failed passes.', labels: ['controller'] },
  controller_runtime_terminal_reconcile_errors_total: {
    help: 'Failed passes that only an edit helps.',
    labels: ['controller'],
  },
  controller_runtime_reconcile_panics_total: {
    help: 'Passes that broke in a way that nobody foresaw.',
    labels: ['controller'],
  },
  controller_runtime_reconcile_timeouts_total: {
    help: 'Passes that took too long.',
    labels: ['controller'],
  },
  stale_sync_skips_total: {
    help: 'Passes that read from the server because the cache did not show our own writes yet.',
    labels: ['controller'],
  },
  watch_restarts_total: { help: 'Watches begun.', labels: ['resource'] },
  watch_relists_total: { help: 'Lists read to begin or to resume.', labels: ['resource'] },
  watch_gone_total: { help: 'Watches whose version had expired.', labels: ['resource'] },
  watch_stalls_total: { help: 'Watches that fell silent.', labels: ['resource'] },
  rest_client_requests_total: {
    help: 'Requests of the controllers to the API; code <error> for those without an answer.',
    labels: ['code', 'method', 'host'],
  },
  apiserver_request_total: {
    help: 'Requests that the API answered, those of the controllers included.',
    labels: ['verb', 'resource', 'code'],
  },
  lamina_api_refusals_total: {
    help: 'Requests of the network that were refused before they were looked at, by status code.',
    labels: ['code'],
  },
  lamina_api_connections_dropped_total: {
    help: 'Idle connections that made place for others.',
    labels: ['room'],
  },
} as const satisfies Readonly<Record<string, Definition>>;

/** What goes up and down. */
export const GAUGES = {
  workqueue_depth: { help: 'Keys that wait.', labels: ['name'] },
  workqueue_unfinished_work_seconds: {
    help: 'Time that all keys in work have taken so far.',
    labels: ['name'],
  },
  workqueue_longest_running_processor_seconds: {
    help: 'Time that the oldest key in work has taken so far.',
    labels: ['name'],
  },
  controller_runtime_max_concurrent_reconciles: { help: 'Workers.', labels: ['controller'] },
  controller_runtime_active_workers: { help: 'Workers with a key.', labels: ['controller'] },
  leader_election_master_status: {
    help: '1 while this process leads, 0 while it waits; none where nobody is elected.',
    labels: ['name'],
  },
  lamina_api_inflight_requests: {
    help: 'What the network is being served: strangers, requests, watches.',
    labels: ['kind'],
  },
  lamina_api_connections: { help: 'Connections: strangers, holders.', labels: ['room'] },
  lamina_jobs_running: { help: 'Jobs with a process.', labels: ['kind'] },
  lamina_api_database_bytes: { help: 'Size of the database of the API.', labels: [] },
  lamina_data_free_bytes: { help: 'Free space where the data folder is.', labels: [] },
} as const satisfies Readonly<Record<string, Definition>>;

/** How long things take, in seconds. */
export const HISTOGRAMS = {
  workqueue_queue_duration_seconds: {
    help: 'Time from when a key may be worked on until it is.',
    labels: ['name'],
    buckets: PASSES,
  },
  workqueue_work_duration_seconds: {
    help: 'Time that a key is worked on.',
    labels: ['name'],
    buckets: PASSES,
  },
  controller_runtime_reconcile_time_seconds: {
    help: 'Time of a pass.',
    labels: ['controller'],
    buckets: PASSES,
  },
  rest_client_request_duration_seconds: {
    help: 'Time until the API answers a controller.',
    labels: ['verb', 'host'],
    buckets: REQUESTS,
  },
  apiserver_request_duration_seconds: {
    help: 'Time until the API answers; watches are left out.',
    labels: ['verb', 'resource'],
    buckets: REQUESTS,
  },
  lamina_stage_duration_seconds: {
    help: 'Time that a LayerVersion or LayeredImage was in a stage that it has left.',
    labels: ['kind', 'stage'],
    buckets: STAGES,
  },
  lamina_job_duration_seconds: {
    help: 'Time of a job, by how it ended: done, failed or cancelled.',
    labels: ['kind', 'result'],
    buckets: STAGES,
  },
} as const satisfies Readonly<Record<string, HistogramDefinition>>;

/** Names of counters. */
export type CounterName = keyof typeof COUNTERS;
/** Names of gauges. */
export type GaugeName = keyof typeof GAUGES;
/** Names of histograms. */
export type HistogramName = keyof typeof HISTOGRAMS;

/** Labels of one series. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Where everybody counts. */
export interface Metrics {
  /** Adds to a counter. */
  add(name: CounterName, by: number, labels: MetricLabels): void;
  /** Adds a measured value to a histogram; names end in their unit. */
  observe(name: HistogramName, value: number, labels: MetricLabels): void;
  /** A gauge whose value is asked for whenever somebody looks. */
  gauge(name: GaugeName, labels: MetricLabels, value: () => number | Promise<number>): void;
}

/** What everybody counted, as text. */
export interface MetricsPage {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Counts nothing. */
export const noMetrics: Metrics = {
  add: () => undefined,
  observe: () => undefined,
  gauge: () => undefined,
};
