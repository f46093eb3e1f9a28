import { isProtocolError, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';

/**
 * State of a session:
 *
 * - `offline`: not started, or another tab holds the connection;
 * - `connecting`: the transport is being opened;
 * - `handshaking`: the station has not accepted the login yet, or asks for a new proof of identity;
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

/** A station. */
export interface StationInfo {
  readonly host: string;
  readonly port: number;
  readonly id?: ID;
}

/** Report on a session. Plain data. */
export interface SessionReport {
  readonly state: SessionState;
  /** The station that is being dialled, or was last. */
  readonly station?: StationInfo;
  /** Why the last attempt failed, or the last connection ended. Absent while there is a connection. */
  readonly error?: ProtocolError;
  /** When the next attempt is due, in milliseconds since the epoch; in the state `waiting`. */
  readonly until?: number;
}

/** Makes an error with a code of what a transport or a store has thrown. */
export function sessionError(error: unknown): ProtocolError {
  if (isProtocolError(error)) return error;
  return new ProtocolError('transport/closed', 'the connection has failed', { cause: error });
}
