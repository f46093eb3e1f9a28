import type { Draft } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/** An authenticated connection with a neighbour station, dialled by either of the two. */
export interface NeighbourLine {
  /** Unique among the connections of this station. */
  readonly id: string;
  /** The neighbour. */
  readonly station: ID;
  /**
   * Sends a message.
   *
   * @returns when the neighbour has acknowledged it
   * @throws `transport/` codes
   */
  send(payload: Uint8Array): Promise<void>;
  /** Packs and sends a content of this station itself, without waiting for an acknowledgement. */
  sendDraft(draft: Draft): Promise<void>;
  /** Ends the connection. */
  close(): void;
}
