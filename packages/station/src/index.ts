export type { Rate, RemoteAddress } from '@dimp/core/transport';
export type { CommandProcessor, CommandSession, StationCommand } from './commands/command.ts';
export { type CommandHandler, commandHandler } from './commands/command-handler.ts';
export type { RemoteDirectory, RemoteDirectory as Elsewhere } from './commands/remote-directory.ts';
export { StationCommands, type StationCommandsOptions } from './commands/station-commands.ts';
export {
  type Acquaintance,
  Acquaintances,
  type AcquaintancesOptions,
} from './directory/acquaintances.ts';
export type { Blocking } from './directory/block-lists.ts';
export {
  BlockLists,
  type BlockListsOptions,
  type IDList,
  type ListName,
} from './directory/block-lists.ts';
export type { Hold } from './directory/eviction.ts';
export { Identities, type IdentitiesOptions } from './directory/identities.ts';
export {
  type LoginEvents,
  type LoginRecord,
  Logins,
  type LoginsOptions,
} from './directory/logins.ts';
export type { Names } from './directory/name-table.ts';
export { NameTable } from './directory/name-table.ts';
export { type PushToken, PushTokens } from './directory/push-tokens.ts';
export {
  type FederatedStation,
  Federation,
  type FederationOptions,
  type FederationStart,
  type NeighbourStation,
} from './federation/federation.ts';
export type { NeighbourLine } from './federation/neighbour-line.ts';
export type { Neighbours } from './federation/neighbours.ts';
export type { Policy, PolicyMessage, PolicyVerdict } from './ingress/policy.ts';
export {
  DEFAULT_LIMITS,
  type LimitName,
  type Limits,
  limitsOf,
} from './limits/limits.ts';
export {
  RateLimiter,
  RateLimiter as LimitKeeper,
  type RateLimiterOptions,
  type RateLimiterOptions as LimitKeeperOptions,
} from './limits/rate-limiter.ts';
export {
  type StationCounter,
  type StationGauge,
  type StationHistogram,
  type StationMetrics,
  silentMetrics,
} from './metrics/metrics.ts';
export type { Sink } from './session/sink.ts';
export { Station, type StopOptions } from './station.ts';
export type { StationHealth } from './station-health.ts';
export type { StationOptions } from './station-options.ts';
