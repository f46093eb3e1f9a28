import type { ID } from '@dimp/mkm';
import type { Sink } from '../session/sink.ts';

/** Knows where users are. */
export interface Routes {
  /** Where the messages of a user go now: their active sessions, else a neighbour. Empty while they are offline. */
  sinksOf(user: ID): readonly Sink[];
  /** Calls back when the sinks of a user may have changed. */
  onChange(listener: (user: ID) => void): void;
}
