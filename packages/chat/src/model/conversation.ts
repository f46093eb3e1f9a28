import type { ChatMessage, MessageState } from './message.ts';

/** A conversation in the list. Plain data; IDs are text. */
export interface ConversationSummary {
  /** ID of the peer or the group; the user's own ID for notes to themselves. */
  readonly id: string;
  readonly kind: 'person' | 'group' | 'self';
  /** Name to show; not cleaned. */
  readonly name: string;
  readonly last?: LastMessage;
  /** Messages of others after the read mark; at most 1,000, which means more than 999. */
  readonly unread: number;
  /** Unread messages that mention the user; at most 1,000. */
  readonly mentions: number;
  /** Whether the user has marked it as unread. */
  readonly markedUnread: boolean;
  /** Messages that arrived with a time before the read mark, since the conversation was opened last. */
  readonly missed: number;
  readonly pinned: boolean;
  readonly archived: boolean;
  /** Milliseconds since the epoch; `Infinity` for ever; absent if it is not muted. */
  readonly mutedUntil?: number;
  readonly draft?: DraftText;
  /** Set for a conversation that a stranger has begun, or an invitation to a group, until the user accepts it. */
  readonly request?: 'unknown sender' | 'invited';
  readonly blocked: boolean;
  /** Lifetime of new messages, in seconds; 0 for ever. */
  readonly timer: number;
  readonly retention?: Retention;
}

/** The newest message of a conversation. */
export interface LastMessage {
  readonly ref: string;
  readonly stamp: number;
  readonly sender: string;
  readonly senderName: string;
  readonly mine: boolean;
  readonly kind: string;
  /** At most 200 characters. */
  readonly preview: string;
  readonly state?: MessageState;
}

/** A text that is not sent yet. */
export interface DraftText {
  readonly text: string;
  /** Ref of the message that it answers. */
  readonly replyTo?: string;
  /** Ref of the message whose text it will replace. */
  readonly edits?: string;
}

/** How long messages are kept: whatever ends first. Starred messages stay. */
export interface Retention {
  readonly days?: number;
  readonly messages?: number;
}

/** What is unread in all conversations. Muted conversations, archived ones and requests do not count. */
export interface UnreadCounts {
  readonly messages: number;
  readonly conversations: number;
  readonly mentions: number;
  /** Conversations of strangers and invitations that wait for an answer. */
  readonly requests: number;
}

/** A part of a conversation, in its order. */
export interface MessageWindow {
  readonly items: readonly ChatMessage[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
  /** Ref of the first unread message when the window was opened. */
  readonly firstUnread?: string;
}

/** A message that a search has found. */
export interface SearchHit {
  /** ID of the conversation. */
  readonly conversation: string;
  readonly message: ChatMessage;
  /** Parts of its text to mark, in UTF-16 units. */
  readonly ranges: readonly (readonly [start: number, end: number])[];
}
