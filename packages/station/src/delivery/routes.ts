import type { ID } from '@dimp/mkm';

/** Where the messages of a user can be handed to: one of his devices, or the station that he is at. */
export interface Sink {
  /** For logs. */
  readonly id: string;
  readonly kind: 'device' | 'neighbour';
  /**
   * Hands a message over.
   *
   * @param payload - one reliable message
   * @returns when the other side has acknowledged it
   * @throws if it has not, or may not: the sink gets nothing any more. A code of `policy/` instead says that this one
   *   message is not for it.
   */
  send(payload: Uint8Array): Promise<void>;
  /** Ends the connection, because something could not be handed over. */
  close?(): void;
}

/** Knows where users are. */
export interface Routes {
  /** Where the messages of a user go now: his active sessions, else a neighbour. None while he is offline. */
  sinksOf(user: ID): readonly Sink[];
}
