import type { Content, InstantMessage } from '@dimp/dkd';
import type { ID } from '@dimp/mkm';

/** A message that was received, opened and checked. */
export interface IncomingMessage<C extends Content = Content> extends InstantMessage<C> {
  /**
   * Name of the message: the same however often it comes. Keep it with what you show: after a crash, a message that you
   * had shown but not done with comes once more under the same name.
   */
  readonly id: string;
  /** The user of this machine whom it is for. */
  readonly user: ID;
  /** When it arrived, in milliseconds since the epoch. */
  readonly arrived: number;
  /**
   * Whether the time inside the content is its sender's. Older programs write it where whoever carries a message can
   * change it: what has such a time may be an old message that comes late.
   */
  readonly timeTrusted: boolean;
  /** When it was written, in milliseconds since the epoch; when it arrived if {@link timeTrusted} is false. To be shown. */
  readonly written: number;
  /**
   * Whether it is proven that its sender knows what is in it. Otherwise, from older programs, it may be a message of
   * somebody else that the sender has captured: a handler that answers to strangers tells them whether it can be read.
   */
  readonly proven: boolean;
}

/** When a message was written as far as that can be trusted, in milliseconds since the epoch. */
export function writtenTime(content: Content, arrived: number, timeTrusted: boolean): number {
  return timeTrusted && content.time !== undefined ? Math.floor(content.time * 1000) : arrived;
}
