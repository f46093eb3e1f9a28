import type { Content, InstantMessage } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/** A message that was received, decrypted and checked. */
export interface IncomingMessage<C extends Content = Content> extends InstantMessage<C> {
  /**
   * Name of the message, the same each time it comes. Store it with the message: after a crash, a message that was
   * shown but not finished comes once more under the same name.
   */
  readonly id: string;
  /** The user of this machine who receives it. */
  readonly user: ID;
  /** When it arrived, in milliseconds since the epoch. */
  readonly arrived: number;
  /**
   * Whether the time in the content is the sender's. Older programs write it where anyone who carries the message can
   * change it, so such a message may be an old one that comes late.
   */
  readonly timeTrusted: boolean;
  /**
   * Time to show, in milliseconds since the epoch: when it was written, or when it arrived if {@link timeTrusted} is
   * false.
   */
  readonly written: number;
  /**
   * Whether it is proven that the sender knows the content. Messages of older programs may be captured messages of
   * another peer. A handler that answers them shows a stranger whether they can be read.
   */
  readonly proven: boolean;
}
