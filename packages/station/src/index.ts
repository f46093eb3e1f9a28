export type { CommandProcessor, CommandSession, StationCommand } from './commands/command.ts';
export type { Sink } from './delivery/routes.ts';
export { LimitKeeper, type LimitKeeperOptions } from './limits/limit-keeper.ts';
export { DEFAULT_LIMITS, type Limits, limitsOf, type Rate } from './limits/limits.ts';
export {
  type StationCounter,
  type StationGauge,
  type StationHistogram,
  type StationMetrics,
  silentMetrics,
} from './metrics.ts';
export type { Policy, PolicyMessage, PolicyVerdict } from './policy.ts';
export type { RemoteAddress } from './session/remote-address.ts';
export { Station, type StopOptions } from './station.ts';
export type { StationHealth } from './station-health.ts';
export type {
  Blocking,
  Names,
  Neighbours,
  StationOptions,
} from './station-options.ts';
