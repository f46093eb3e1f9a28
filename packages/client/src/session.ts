/**
 * A session with a station: connecting, logging in, staying connected (spec §11.6). Apart from the rest, so that programs
 * which reach their peers in another way do not carry it.
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
