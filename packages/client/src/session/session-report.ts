import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/**
 * How far a session has got:
 *
 * - `offline`: not started, or another tab holds the connection;
 * - `connecting`: the transport is being opened;
 * - `handshaking`: the station has not let us in yet, or wants us to prove again who we are;
 * - `online`: messages go both ways;
 * - `waiting`: until the next attempt;
 * - `stopped`.
 */
export type SessionState =
  | 'offline'
  | 'connecting'
  | 'handshaking'
  | 'online'
  | 'waiting'
  | 'stopped';

/** A station, as far as it is known. */
export interface StationInfo {
  readonly host: string;
  readonly port: number;
  readonly id?: ID;
}

/** What a session tells of itself. Plain data. */
export interface SessionReport {
  readonly state: SessionState;
  /** The station that is being dialled, or was last. */
  readonly station?: StationInfo;
  /** Why the last attempt failed, or the last connection ended; gone as soon as there is one again. */
  readonly error?: ProtocolError;
  /** When the next attempt is due, in milliseconds since the epoch; in the state `waiting`. */
  readonly until?: number;
}

/** What a transport or a store has thrown, as an error with a code. */
export function sessionError(error: unknown): ProtocolError {
  if (isProtocolError(error)) return error;
  return new ProtocolError('transport/closed', 'connection has failed', { cause: error });
}
