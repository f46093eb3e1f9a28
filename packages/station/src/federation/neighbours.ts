import type { ReliableMessage } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';
import type { Sink } from '../session/sink.ts';
import type { NeighbourLine } from './neighbour-line.ts';

/** The other stations that the operator trusts. */
export interface Neighbours {
  /** Whether a station may relay messages of other senders. */
  trusts(station: ID): boolean;
  /** Where the messages of a user go who is not connected to this station. */
  sinksOf(user: ID): readonly Sink[];
  /**
   * Sends a broadcast to the neighbours.
   *
   * @param payload - the message in its relayed form
   * @returns when the message can no longer be lost
   * @throws `store/` codes: the sender has to send it again
   */
  broadcast(message: ReliableMessage, payload: Uint8Array): Promise<void>;
  /** Whether a message has already passed this station (spec §11.8). */
  hasPassed?(message: ReliableMessage): boolean;
  /** A neighbour has connected. May be called more than once for one connection. */
  joined?(line: NeighbourLine): void;
  /** A connection has ended, to a neighbour or another peer. */
  left?(line: string): void;
  /**
   * Asks a neighbour for the meta of a sender whose message it has relayed.
   *
   * @returns whether the meta has arrived; undefined if the neighbour cannot be asked
   */
  identify?(sender: ID, neighbour: ID): Promise<boolean> | undefined;
}
