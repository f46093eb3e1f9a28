import type { Draft } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/** A connection with a neighbour station that has proven who it is, whoever of the two has dialled. */
export interface NeighbourLine {
  /** For logs; no other connection of this station has it. */
  readonly id: string;
  /** Who is at the other end. */
  readonly station: ID;
  /**
   * Hands a message over.
   *
   * @returns when the neighbour has acknowledged it
   * @throws `transport/` codes
   */
  send(payload: Uint8Array): Promise<void>;
  /** Tells the neighbour something that this station itself has to say; nobody waits for it. */
  sendDraft(draft: Draft): Promise<void>;
  /** Ends the connection. */
  close(): void;
}
