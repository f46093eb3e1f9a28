/**
 * Parts for those who write a transport: the queue between a connection and its reader, and one timer for the time limits
 * of all connections.
 *
 * @module
 */
export {
  type ArrivalLimits,
  ArrivalQueue,
  type ArrivalSource,
} from './transport/arrival-queue.ts';
export { type SocketContext, socketError } from './transport/socket-error.ts';
export { monotonicClock, Sweep, type SweepOptions, type Swept } from './transport/sweep.ts';
