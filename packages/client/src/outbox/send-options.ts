import type { ID } from '@dimp/mkm';
import type { GroupForm } from './message-packer.ts';

/** Options for `Messenger.send`. */
export interface SendOptions {
  /** The user of this machine who sends; the current one by default. */
  readonly sender?: ID;
  /** Form of a group message; hidden below 16 members by default, else split. */
  readonly form?: GroupForm;
  /**
   * Name that the application chooses for the message: 1 to 64 letters, digits or characters of `_ . ~ : -`. The same name
   * again, within 30 days, returns the same delivery and sends nothing, so a call may be repeated after a crash.
   */
  readonly id?: string;
  /** Serial number; the next one by default. An edit has that of its original. */
  readonly sn?: number;
  /** Time of the content in seconds since the epoch; now by default. An edit may have that of its original. */
  readonly time?: number;
  /**
   * Only receivers whose visas announce this ability in `accepts` get the message, such as `chat-1`. The report names the
   * others. The message waits for visas that are not known.
   */
  readonly accepting?: string;
  /** An older message of the same sender to the same receiver with the same key is cancelled, if it has not left. */
  readonly replaces?: string;
}
