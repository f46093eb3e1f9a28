import type { DirectCommand, HandshakeBody } from '@dimp/endpoint';
import type { ID } from '@dimp/mkm';

/**
 * Who is at the other end of a connection to a station, and how far logging in has got: what a messenger asks while it
 * sends and receives over that connection. {@link StationSession} implements it.
 */
export interface StationContact {
  /** The station dialled, as soon as it is known: receipts of other stations do not count (spec §14.1 #9). */
  readonly station: ID | undefined;
  /** Who logs in: asks the station's directory. */
  readonly user: ID;
  /** Whether the station takes messages; until it does, they wait (spec §11.6). */
  readonly isOpen: boolean;
  /**
   * The station has said more than once to have a message that its receiver has not confirmed for hours: another station
   * may do better.
   */
  overdue?(): void;
  /** A step of the handshake came over this connection, from anybody. It must not be waited for. */
  handshake(command: DirectCommand<HandshakeBody>): void;
  /**
   * Another command came over this connection, from anybody.
   *
   * @returns whether nobody else need see it
   */
  take(command: DirectCommand): boolean;
}
