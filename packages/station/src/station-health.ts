/** Health report of a station. */
export interface StationHealth {
  /** Whether the station accepts messages: it is running and its store works. */
  readonly ok: boolean;
  readonly store: 'working' | 'failing';
  readonly running: boolean;
  /** Open connections. */
  readonly connections: number;
  /** Users who have logged in. */
  readonly users: number;
  /** Bytes that wait to be written to the store. */
  readonly waiting: number;
}
