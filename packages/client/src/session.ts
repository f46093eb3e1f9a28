/**
 * A session with a station: connects, logs in, and stays connected (spec §11.6). A separate entry point, so that
 * programs that reach their peers in another way do not include it.
 *
 * @module
 */
export type { SessionReport, SessionState, StationInfo } from './session/session-report.ts';
export type { StationAddress } from './session/station-address.ts';
export {
  type SessionEvents,
  StationSession,
  type StationSessionOptions,
} from './session/station-session.ts';
