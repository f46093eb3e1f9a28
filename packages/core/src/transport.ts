/**
 * Building blocks for transports and servers: the queue between a connection and its reader, one timer for the time limits of all
 * connections, and rate limits by address.
 *
 * @module
 */
export { addressKey, networkKey } from './transport/address-key.ts';
export {
  type ArrivalLimits,
  ArrivalQueue,
  type ArrivalSource,
} from './transport/arrival-queue.ts';
export type { RemoteAddress } from './transport/remote-address.ts';
export { type SocketContext, socketError } from './transport/socket-error.ts';
export { monotonicClock, Sweep, type SweepOptions, type Swept } from './transport/sweep.ts';
export { type Rate, TokenBucket } from './transport/token-bucket.ts';
