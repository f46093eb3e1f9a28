import type { DirectCommand, HandshakeBody } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';

/**
 * The station at the other end of a connection, and the state of the login. A messenger asks it while it sends and
 * receives over that connection. {@link StationSession} implements it.
 */
export interface StationContact {
  /** The station, as soon as it is known. Receipts of other stations do not count (spec §14.1 #9). */
  readonly station: ID | undefined;
  /** The user who logs in, and who asks the station's directory. */
  readonly user: ID;
  /** Whether the station accepts messages. Until then they wait (spec §11.6). */
  readonly isOpen: boolean;
  /**
   * Called when the station has reported more than once that it has a message, and its receiver has not confirmed it
   * for hours. Another station may deliver it.
   */
  overdue?(): void;
  /**
   * Called for a step of the handshake that came over this connection. Its sender can be any peer. It must not block.
   */
  handshake(command: DirectCommand<HandshakeBody>): void;
  /**
   * Called for another command that came over this connection. Its sender can be any peer.
   *
   * @returns whether the command is processed
   */
  take(command: DirectCommand): boolean;
}
