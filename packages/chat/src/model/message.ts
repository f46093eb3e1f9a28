import type { JsonObject } from '@dimp/foundation';

/** State of an outgoing message: those of `DeliveryState`, and `read` when all readers that were asked have read it. */
export type MessageState =
  | 'waiting'
  | 'queued'
  | 'sent'
  | 'delivered'
  | 'received'
  | 'read'
  | 'failed';

/** A message of a conversation, with everything that was said about it later. Plain data; IDs are text. */
export interface ChatMessage {
  /** Name of the message, the same on all devices; see `refOf`. */
  readonly ref: string;
  /** ID of the author. */
  readonly sender: string;
  /** Name of the author to show; not cleaned. */
  readonly senderName: string;
  readonly mine: boolean;
  /** When the author says that it was written, in milliseconds since the epoch. */
  readonly time: number;
  /** Place in the conversation, in milliseconds since the epoch: {@link time}, bounded by the arrival. */
  readonly stamp: number;
  /** When it arrived here or was sent, in milliseconds since the epoch. */
  readonly arrived: number;
  /**
   * What it is: the kind of its content (`text`, `quote`, `image`, `poll`, …); `unknown` for contents that this program cannot
   * read; `recalled`; `note` for a line of this program, such as a changed timer.
   */
  readonly kind: string;
  /** The content as it was sent, without the bytes of files. Empty after a recall. */
  readonly content: JsonObject;
  /** Text to show, after edits; the fallback text of contents that have none. Empty after a recall. */
  readonly text: string;
  /** Of outgoing messages only. */
  readonly state?: MessageState;
  /** Code of the error in the state `failed`. */
  readonly error?: string;
  /** The message that this one answers. */
  readonly replyTo?: QuotedMessage;
  readonly edits: readonly TextVersion[];
  readonly recalled?: Recalled;
  readonly reactions: readonly ReactionCount[];
  readonly poll?: PollResult;
  /** IDs of those who have read it, at most 32. */
  readonly readBy: readonly string[];
  readonly mentionsMe: boolean;
  /** Passed on by its sender; somebody else is the author of the words. */
  readonly forwarded: boolean;
  readonly starred: boolean;
  readonly pinned: boolean;
  readonly attachments: readonly Attachment[];
  /** When it disappears, in milliseconds since the epoch. */
  readonly vanishesAt?: number;
}

/** What a reply quotes. Its text is that of the message here; that of the sender's quote is only shown if it is not here. */
export interface QuotedMessage {
  readonly ref?: string;
  readonly sender: string;
  readonly senderName: string;
  readonly text: string;
  /** Whether the message is in this conversation on this device. */
  readonly isHere: boolean;
}

/** An earlier text of an edited message. */
export interface TextVersion {
  readonly text: string;
  /** When it was replaced, in milliseconds since the epoch. */
  readonly until: number;
}

/** A message whose text was taken back. */
export interface Recalled {
  /** ID of the author or moderator. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly reason?: string;
}

/** One emoji under a message. */
export interface ReactionCount {
  readonly emoji: string;
  readonly count: number;
  readonly mine: boolean;
  /** IDs of the first 50 who have chosen it. */
  readonly by: readonly string[];
}

/** A poll and its votes. */
export interface PollResult {
  readonly question: string;
  readonly several: boolean;
  /** Whether votes count no longer. */
  readonly closed: boolean;
  readonly options: readonly PollChoice[];
  readonly voters: number;
}

/** One option of a poll. */
export interface PollChoice {
  readonly id: string;
  readonly text: string;
  readonly votes: number;
  readonly mine: boolean;
}

/** A file of a message. Its bytes are read with `Chat.attachment`. */
export interface Attachment {
  readonly kind: 'file' | 'image' | 'audio' | 'video';
  /** As the sender wrote it; not cleaned. */
  readonly name?: string;
  /** Bytes, as the sender says. */
  readonly size?: number;
  /** Data URI of a small picture. */
  readonly thumbnail?: string;
  /** Seconds, of audio and video. */
  readonly duration?: number;
  /** Amplitudes from 0 to 255, of voice messages, Base64. */
  readonly waveform?: string;
  /** `here`: in the cache of this device; `remote`: it has to be fetched; `gone`: neither. */
  readonly state: 'here' | 'remote' | 'gone';
}
