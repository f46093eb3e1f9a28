/**
 * Conversations and history over any store: messages with everything that was said about them later, unread counts, drafts, and
 * live values for user interfaces.
 *
 * @module
 */
export type { ReadMarkPolicy } from './conversations/account.ts';
export { Chats, type ChatsEvents, type ChatsOptions } from './conversations/chats.ts';
export type { ImportedMessage } from './conversations/importing.ts';
export type { AttachmentReader, HistoryAccess, MessageSearch } from './conversations/plugins.ts';
export type { Change, Live } from './live/live.ts';
export { type LiveSource, LiveValue } from './live/live-value.ts';
export type {
  AttachmentOptions,
  Chat,
  ChatMention,
  ChatsApi,
  IncomingChatMessage,
  ListOptions,
  MessagesOptions,
  SearchOptions,
  SendChatOptions,
  SentMessage,
  WindowHandle,
  WindowPlace,
} from './model/chats.ts';
export type {
  ConversationSummary,
  DraftText,
  LastMessage,
  MessageWindow,
  Retention,
  SearchHit,
  UnreadCounts,
} from './model/conversation.ts';
export type {
  Attachment,
  ChatMessage,
  MessageState,
  PollChoice,
  PollResult,
  QuotedMessage,
  ReactionCount,
  Recalled,
  TextVersion,
} from './model/message.ts';
