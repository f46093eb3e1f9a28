/**
 * The station on Node: one port for everything, HTTP, files, and metrics for Prometheus.
 *
 * @module
 */
export type { UploadPermission } from './node/files/admission.ts';
export { DEFAULT_FILE_LIMITS, type FileLimits } from './node/files/file-limits.ts';
export {
  FileServer,
  type FileServerOptions,
  type FileServerState,
} from './node/files/file-server.ts';
export type { SweepResult } from './node/files/sweep.ts';
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
