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
  type Gate,
  type GateCloseOptions,
  type GateOptions,
  type GateTimes,
  type GateTls,
  listen,
} from './node/gate/gate.ts';
export type { HttpTimes } from './node/gate/web.ts';
export {
  type HttpHandler,
  type HttpHandlerOptions,
  httpHandler,
  type MetricsSource,
} from './node/http/http-handler.ts';
export { PrometheusMetrics, type PrometheusOptions } from './node/metrics.ts';
