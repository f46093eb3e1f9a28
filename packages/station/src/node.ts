/**
 * The station on Node: one port for everything, HTTP, files, and metrics for Prometheus.
 *
 * @module
 */
export {
  DEFAULT_FILE_LIMITS,
  type FileLimits,
  FileServer,
  type FileServerOptions,
  type FileServerState,
  type SweepResult,
  type UploadPermission,
} from '@dimp/file-server';
export {
  type HttpHandler,
  type HttpHandlerOptions,
  httpHandler,
  type MetricsSource,
} from './node/http/http-handler.ts';
export type { HttpTimes } from './node/listener/http-upgrade.ts';
export {
  type Listener,
  type Listener as Gate,
  type ListenerCloseOptions,
  type ListenerCloseOptions as GateCloseOptions,
  type ListenerOptions,
  type ListenerOptions as GateOptions,
  type ListenerTimes,
  type ListenerTimes as GateTimes,
  type ListenerTls,
  type ListenerTls as GateTls,
  listen,
} from './node/listener/listener.ts';
export { PrometheusMetrics, type PrometheusOptions } from './node/metrics.ts';
