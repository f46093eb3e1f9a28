import type { Timers } from '@dimp/core';
import type { Facebook } from '@dimp/endpoint';
import type { History } from '../history/history.ts';
import type { MessageRecord } from '../history/message-record.ts';
import type { Live } from '../live/live.ts';
import type { AttachmentOptions, SearchOptions } from '../model/chats.ts';
import type { SearchHit } from '../model/conversation.ts';
import type { ChatMessage } from '../model/message.ts';

/** The history of a user, for parts that stand on it, such as a search index. */
export interface HistoryAccess {
  readonly facebook: Facebook;
  readonly history: History;
  readonly timers: Timers;
  /** Whether this program does the background work, of several tabs on one store. */
  readonly leads: () => boolean;
  /** Runs a task whose failure is reported. */
  readonly background: (task: () => Promise<void>) => void;
  /** Makes messages to show of records of one conversation. @param id - entity of the peer or the group */
  view(id: string, records: readonly MessageRecord[]): Promise<readonly ChatMessage[]>;
}

/** A full-text search over the history. It reads the log of messages as the reader `index`. */
export interface MessageSearch {
  readonly progress: Live<{ readonly indexed: number; readonly total: number }>;
  /** Begins to index. Called when the messenger starts, and when this program begins to lead. */
  start(): void;
  search(query: string, options?: SearchOptions): AsyncIterable<SearchHit>;
  stop(): Promise<void>;
}

/** Reads the bytes of the files of messages. */
export interface AttachmentReader {
  /** See `Chat.attachment`. @param id - entity of the peer or the group */
  read(id: string, message: MessageRecord, options: AttachmentOptions): Promise<Blob>;
  /** Forgets the files of a message that is removed. */
  forget?(message: MessageRecord): Promise<void>;
}
