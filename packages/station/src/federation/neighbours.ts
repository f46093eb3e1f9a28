import type { ReliableMessage } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';
import type { Sink } from '../session/sink.ts';
import type { NeighbourLine } from './neighbour-line.ts';

/** Other stations that the operator trusts. */
export interface Neighbours {
  /** Whether a station may relay messages of others. */
  trusts(station: ID): boolean;
  /** Ways to a user who is not connected here. */
  sinksOf(user: ID): readonly Sink[];
  /**
   * Passes a broadcast on to the neighbours.
   *
   * @param payload - the message as it is relayed
   * @returns when it is safe, here or there
   * @throws `store/` codes: the sender has to send it again
   */
  broadcast(message: ReliableMessage, payload: Uint8Array): Promise<void>;
  /** Whether a message has passed this station before (spec §11.8). */
  hasPassed?(message: ReliableMessage): boolean;
  /** There is a connection with a neighbour. May be told again of the same. */
  joined?(line: NeighbourLine): void;
  /** A connection has ended; it need not be one with a neighbour. */
  left?(line: string): void;
  /**
   * Asks a neighbour for the meta of somebody whose message it has relayed.
   *
   * @returns whether it has come; undefined if it cannot be asked
   */
  identify?(sender: ID, neighbour: ID): Promise<boolean> | undefined;
}
