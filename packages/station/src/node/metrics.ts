import type { ErrorCode } from '@dimp/foundation';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { LimitName } from '../limits/limits.ts';
import type {
  StationCounter,
  StationGauge,
  StationHistogram,
  StationMetrics,
} from '../metrics/metrics.ts';
import type { MetricsSource } from './http/http-handler.ts';

/** Options for {@link PrometheusMetrics}. */
export interface PrometheusOptions {
  /** Adds metrics of the process: memory, CPU, event loop. False by default, because they are global. */
  readonly process?: boolean;
}

const PREFIX = 'dim_station_';

const COUNTERS: Readonly<Record<StationCounter, readonly [name: string, help: string]>> = {
  connections: ['connections_total', 'Connections that were accepted'],
  logins: ['logins_total', 'Logins'],
  'messages.received': ['messages_received_total', 'Messages that came in'],
  'messages.refused': ['messages_refused_total', 'Messages that were refused'],
  'messages.stored': ['messages_stored_total', 'Messages put into inboxes'],
  'messages.delivered': ['messages_delivered_total', 'Messages acknowledged by a device'],
  'messages.redirected': ['messages_redirected_total', 'Messages acknowledged by a neighbour'],
  'messages.duplicate': ['messages_duplicate_total', 'Messages that had come before'],
  'messages.expired': ['messages_expired_total', 'Messages that waited for too long'],
  'messages.broadcast': ['messages_broadcast_total', 'Messages passed on to the neighbours'],
  commands: ['commands_total', 'Commands for the station'],
  'receipts.sent': ['receipts_sent_total', 'Receipts that were sent'],
  'receipts.dropped': ['receipts_dropped_total', 'Receipts that could not be sent'],
  'store.failures': ['store_failures_total', 'Writes that the store refused'],
};

const GAUGES: Readonly<Record<StationGauge, readonly [name: string, help: string]>> = {
  'connections.open': ['connections_open', 'Open connections'],
  'sessions.open': ['sessions_open', 'Connections with a logged-in user'],
  'inbox.messages': ['inbox_messages', 'Messages in all inboxes'],
  'inbox.bytes': ['inbox_bytes', 'Bytes of messages in all inboxes'],
  'queue.commit': ['queue_commit', 'Messages that wait for the store'],
  'queue.receipts': ['queue_receipts', 'Receipts that wait to be signed'],
};

const HISTOGRAMS: Readonly<
  Record<StationHistogram, readonly [name: string, help: string, buckets: number[]]>
> = {
  'commit.seconds': [
    'commit_seconds',
    'How long writes to the store took',
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
  ],
  'commit.messages': [
    'commit_messages',
    'Messages that shared a write',
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
  ],
  'delivery.seconds': [
    'delivery_seconds',
    'From the arrival of a message to the acknowledgement of a device',
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600],
  ],
};

/**
 * Metrics of one station for Prometheus. Each instance has its own registry, so two stations in one process do not mix.
 *
 * @example
 * ```ts
 * const metrics = new PrometheusMetrics();
 * const station = await Station.open({ facebook, id, metrics });
 * const http = httpHandler({ health: () => station.health(), metrics });
 * ```
 */
export class PrometheusMetrics implements StationMetrics, MetricsSource {
  readonly #registry = new Registry();
  readonly #counters = new Map<StationCounter, Counter>();
  readonly #gauges = new Map<StationGauge, Gauge>();
  readonly #histograms = new Map<StationHistogram, Histogram>();
  readonly #refused: Counter<'code'>;
  readonly #limited: Counter<'limit'>;

  constructor({ process = false }: PrometheusOptions = {}) {
    const registers = [this.#registry];
    for (const [key, [name, help]] of Object.entries(COUNTERS)) {
      const counter = new Counter({ name: PREFIX + name, help, registers });
      this.#counters.set(key as StationCounter, counter);
    }
    for (const [key, [name, help]] of Object.entries(GAUGES)) {
      this.#gauges.set(key as StationGauge, new Gauge({ name: PREFIX + name, help, registers }));
    }
    for (const [key, [name, help, buckets]] of Object.entries(HISTOGRAMS)) {
      const histogram = new Histogram({ name: PREFIX + name, help, buckets, registers });
      this.#histograms.set(key as StationHistogram, histogram);
    }
    this.#refused = new Counter({
      name: `${PREFIX}refused_total`,
      help: 'Refusals by the code of their error',
      labelNames: ['code'],
      registers,
    });
    this.#limited = new Counter({
      name: `${PREFIX}limited_total`,
      help: 'How often a limit was hit',
      labelNames: ['limit'],
      registers,
    });
    if (process) collectDefaultMetrics({ register: this.#registry });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /**
   * Adds a gauge that is read when the metrics are requested.
   *
   * @param name - without the prefix `dim_station_`, such as `files_bytes`
   * @throws `Error` if the name is in use
   */
  watch(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name: PREFIX + name,
      help,
      registers: [this.#registry],
      collect: () => gauge.set(read()),
    });
  }

  add(counter: StationCounter, amount: number): void {
    this.#counters.get(counter)?.inc(amount);
  }

  change(gauge: StationGauge, amount: number): void {
    this.#gauges.get(gauge)?.inc(amount);
  }

  observe(histogram: StationHistogram, value: number): void {
    this.#histograms.get(histogram)?.observe(value);
  }

  refused(code: ErrorCode): void {
    this.#refused.inc({ code });
  }

  limited(limit: LimitName): void {
    this.#limited.inc({ limit });
  }
}
