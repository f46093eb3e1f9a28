/** How a station is. */
export interface StationHealth {
  /** Whether it takes messages: it runs, and its store writes. */
  readonly ok: boolean;
  readonly store: 'working' | 'failing';
  readonly running: boolean;
  /** Open connections. */
  readonly connections: number;
  /** Users who have logged in. */
  readonly users: number;
  /** Bytes that wait to be written. */
  readonly waiting: number;
}
