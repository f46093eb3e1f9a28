import type { Draft } from '@dimp/dkd';
import type { Live } from '../live/live.ts';
import type {
  ConversationSummary,
  DraftText,
  MessageWindow,
  Retention,
  SearchHit,
  UnreadCounts,
} from './conversation.ts';
import type { Attachment, ChatMessage } from './message.ts';

/** All conversations of a user. Everything that it returns is plain data or a handle, so it works over a port too. */
export interface ChatsApi {
  /** The conversations: pinned ones first, then by their last message. Archived ones and requests are left out by default. */
  list(options?: ListOptions): Live<readonly ConversationSummary[]>;
  readonly unread: Live<UnreadCounts>;
  /**
   * Opens a conversation with a person or a group.
   *
   * @param id - an ID as text
   * @throws `format/` codes for a text that is not an ID
   */
  open(id: string): Promise<Chat>;
  /**
   * Finds messages, newest first. All words must occur; the last one may be the beginning of a word; `"…"` finds words that
   * follow each other.
   */
  search(query: string, options?: SearchOptions): AsyncIterable<SearchHit>;
  /** How much of the history is in the index. */
  readonly searchProgress: Live<{ readonly indexed: number; readonly total: number }>;
  /**
   * Incoming messages in order of arrival, for bots and notifications. Asking for the next one finishes the one before; it comes
   * again after a restart otherwise.
   */
  incoming(options?: { readonly signal?: AbortSignal }): AsyncIterable<IncomingChatMessage>;
}

/** Which conversations a list has. */
export interface ListOptions {
  /** Archived ones only. */
  readonly archived?: boolean;
  /** Requests only. */
  readonly requests?: boolean;
  /** Part of a name or ID. */
  readonly named?: string;
}

/** Where and for what to search. */
export interface SearchOptions {
  /** ID of a conversation. */
  readonly in?: string;
  /** IDs of authors. */
  readonly from?: readonly string[];
  readonly kinds?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly after?: number;
  /** Milliseconds since the epoch. */
  readonly before?: number;
  /** Most hits; 50 by default. */
  readonly limit?: number;
}

/** A message that has just arrived. */
export interface IncomingChatMessage {
  /** ID of the conversation. */
  readonly conversation: string;
  readonly message: ChatMessage;
  /** Whether the user should be told: not in muted conversations, and of strangers only that they have written. */
  readonly notify: boolean;
}

/** Where a window begins. */
export type WindowPlace =
  | 'newest'
  | 'unread'
  | { readonly ref: string }
  | { readonly time: number };

/** One conversation. */
export interface Chat {
  readonly id: string;
  readonly summary: Live<ConversationSummary>;
  /** Those who type at this moment, as IDs. */
  readonly typists: Live<readonly string[]>;
  readonly pinned: Live<readonly ChatMessage[]>;
  /** A part of the conversation that follows it; `newest` by default, of 60 messages. */
  window(options?: { readonly at?: WindowPlace; readonly size?: number }): WindowHandle;
  message(ref: string): Promise<ChatMessage | undefined>;
  /** All messages, or those of a time, for export. */
  messages(options?: MessagesOptions): AsyncIterable<ChatMessage>;

  /**
   * Sends a text, or a content of any kind. Resolves when the message is on disk and in the conversation.
   *
   * @throws the codes of `Messenger.send`
   */
  send(content: string | Draft, options?: SendChatOptions): Promise<SentMessage>;
  /** Answers a message. */
  reply(ref: string, content: string | Draft): Promise<SentMessage>;
  /** Passes a message on to another conversation. @param to - ID of the person or group */
  forward(ref: string, to: string): Promise<SentMessage>;
  /**
   * Replaces the text of an own message.
   *
   * @throws `policy/unauthorized` for somebody else's; `policy/expired` after seven days
   */
  edit(ref: string, text: string): Promise<void>;
  /**
   * Takes an own message back, for all.
   *
   * @throws `policy/unauthorized` for somebody else's; `policy/expired` after seven days
   */
  recall(ref: string): Promise<void>;
  /** Sets the user's reactions to a message, at most three; none takes them back. @throws `format/field` */
  react(ref: string, emojis: readonly string[]): Promise<void>;
  vote(ref: string, options: readonly string[]): Promise<void>;
  closePoll(ref: string): Promise<void>;
  pinMessage(ref: string, on: boolean): Promise<void>;
  star(ref: string, on: boolean): Promise<void>;
  /** Removes somebody's message for all, as the owner or an administrator of the group. @throws `policy/unauthorized` */
  moderate(ref: string, options?: { readonly reason?: string }): Promise<void>;
  /** Removes messages on this device only. */
  remove(refs: readonly string[]): Promise<void>;
  /** Sends a failed message again. */
  retry(ref: string): Promise<void>;

  /** Marks everything up to a message as read; up to the newest by default. */
  markRead(ref?: string): Promise<void>;
  markUnread(): Promise<void>;
  /** Tells the peer that the user types. May be called for each key. */
  typing(what?: 'text' | 'voice' | 'file'): void;
  setDraft(draft: DraftText | undefined): Promise<void>;
  pin(on: boolean): Promise<void>;
  archive(on: boolean): Promise<void>;
  /** @param until - milliseconds since the epoch; `Infinity` for ever; undefined to hear it again */
  mute(until: number | undefined): Promise<void>;
  /** Sets the lifetime of new messages, for both sides. @param seconds - 0 for ever, else 5 seconds to 90 days */
  setTimer(seconds: number): Promise<void>;
  setRetention(retention: Retention | undefined): Promise<void>;
  /** Removes all messages on this device. */
  clear(): Promise<void>;
  /** Accepts a request. */
  accept(): Promise<void>;
  /** Refuses messages of the peer, here and at the station. */
  block(on: boolean): Promise<void>;
  /** The bytes of a file: from the cache of this device, else from the network. @throws `storage/` and `transport/` codes */
  attachment(ref: string, options?: AttachmentOptions): Promise<Blob>;
}

/** Options for {@link Chat.messages}. */
export interface MessagesOptions {
  /** Milliseconds since the epoch. */
  readonly from?: number;
  /** Milliseconds since the epoch. */
  readonly to?: number;
  /** `ascending` by default. */
  readonly order?: 'ascending' | 'descending';
}

/** Options for {@link Chat.send}. */
export interface SendChatOptions {
  /** Ref of the message that it answers. */
  readonly replyTo?: string;
  /** Users who are mentioned in the text. */
  readonly mentions?: 'all' | readonly ChatMention[];
}

/** A user who is named in a text. */
export interface ChatMention {
  readonly id: string;
  /** Where the name begins in the text, in UTF-16 units. */
  readonly at: number;
  readonly length: number;
}

/** A message that was sent. Its state is in the conversation, and in `Chat.message`. */
export interface SentMessage {
  readonly ref: string;
  /** IDs of members whose program cannot read it and who do not get it; for kinds that older programs do not know. */
  readonly leftOut: readonly string[];
}

/** Options for {@link Chat.attachment}. */
export interface AttachmentOptions {
  /** Which file of the message; the first by default. */
  readonly index?: number;
  /** Most bytes; 64 MiB by default. */
  readonly max?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, attachment: Attachment) => void;
}

/** A window on a conversation that moves. */
export interface WindowHandle extends Live<MessageWindow> {
  /** Shows older messages too. Resolves when they are in the window. */
  older(count?: number): Promise<void>;
  /** Shows newer messages too. */
  newer(count?: number): Promise<void>;
  /** Moves the window. */
  jump(place: WindowPlace): Promise<void>;
}
