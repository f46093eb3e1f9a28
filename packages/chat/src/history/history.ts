import { type Clock, type Random, type Store, type StoreKey, withLock } from '@dimp/core';
import { decodeRecordObject } from '@dimp/endpoint';
import {
  definedOnly,
  type EventSource,
  Events,
  type Handle,
  type Listener,
} from '@dimp/foundation';
import type { MessagesOptions } from '../model/chats.ts';
import { Changes, type Reading } from './changes.ts';
import { type ChatRecord, decodeChat } from './chat-record.ts';
import { ConversationEdit } from './conversation-edit.ts';
import { type LogReader, MessageLog } from './log.ts';
import type { MessageRecord } from './message-record.ts';
import { firstKeyAt } from './order.ts';
import { CHATS, chatLock, dataPath, type Place } from './paths.ts';
import {
  ascending,
  descending,
  readChat,
  readMessage,
  readPage,
  type WalkOptions,
} from './reading.ts';

/** Options for {@link History}. */
export interface HistoryOptions {
  readonly store: Store;
  /** Entity of the user. */
  readonly user: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Who reads the log of messages. */
  readonly readers: readonly LogReader[];
  /** Called for a record that cannot be read; it stays where it is. */
  readonly onDamaged: (error: unknown) => void;
}

/** Events of {@link History}. */
export interface HistoryEvents {
  /**
   * Records of conversations have changed, in this program or another tab. An empty path means that anything may have changed.
   */
  changed: { readonly keys: readonly StoreKey[] };
  /** This program has removed messages, or their words and files. */
  dropped: { readonly id: string; readonly messages: readonly MessageRecord[] };
}

/** First parts of the paths that the history writes. */
const AREAS: readonly string[] = ['chat', 'chat-pages', 'chat-log', 'msg', 'msg-at', 'vanish'];

/** The conversations of one user in a store, page by page. */
export class History implements EventSource<HistoryEvents> {
  readonly user: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: MessageLog;
  readonly #events = new Events<HistoryEvents>({ changed: true, dropped: true });
  readonly #onDamaged: (error: unknown) => void;
  readonly #watching: Handle | undefined;

  constructor({ store, user, clock, random, readers, onDamaged }: HistoryOptions) {
    this.store = store;
    this.user = user;
    this.clock = clock;
    this.log = new MessageLog(store, user, readers, random);
    this.#onDamaged = onDamaged;
    this.#watching = store.sharing?.watch((keys) => {
      const ours = keys.filter(([area]) => area === undefined || AREAS.includes(area));
      if (ours.length > 0) this.#events.emit('changed', { keys: ours });
    });
  }

  on<K extends keyof HistoryEvents>(kind: K, listener: Listener<HistoryEvents[K]>): Handle {
    return this.#events.on(kind, listener);
  }

  /** Where a conversation is stored. @param id - entity of the peer or the group */
  place(id: string): Place {
    return { user: this.user, id };
  }

  chat(id: string): Promise<ChatRecord | undefined> {
    return readChat(this.store, this.place(id));
  }

  message(id: string, ref: string): Promise<MessageRecord | undefined> {
    return readMessage(this.store, this.place(id), ref);
  }

  /** The bytes, as on the wire, of a file that came inside its message. */
  async fileData(id: string, ref: string, index: number): Promise<string | undefined> {
    const bytes = await this.store.get(dataPath(this.place(id), ref));
    const data = bytes && decodeRecordObject(bytes, 'file')[String(index)];
    return typeof data === 'string' ? data : undefined;
  }

  /** All conversations, by their entities. A damaged record does not hide the others. */
  async *chats(): AsyncGenerator<readonly [id: string, chat: ChatRecord]> {
    for await (const [[, , id], bytes] of this.store.list([CHATS, this.user])) {
      if (id === undefined) continue;
      let chat: ChatRecord;
      try {
        chat = decodeChat(bytes);
      } catch (error) {
        this.#onDamaged(error);
        continue;
      }
      yield [id, chat];
    }
  }

  /** The messages of a conversation in its order, or those of a time. */
  async *messages(
    id: string,
    { from, to, order = 'ascending' }: MessagesOptions = {},
  ): AsyncGenerator<MessageRecord> {
    const oldestFirst = order === 'ascending';
    const begin = oldestFirst ? from : to;
    const pages = oldestFirst
      ? this.ascending(id, begin === undefined ? undefined : firstKeyAt(begin))
      : this.descending(id, begin === undefined ? undefined : `${firstKeyAt(begin)}\uffff`);
    for await (const page of pages) {
      for (const message of page) {
        if (oldestFirst && to !== undefined && message.stamp > to) return;
        if (!oldestFirst && from !== undefined && message.stamp < from) return;
        yield message;
      }
    }
  }

  /** Pages from a key on, that included, the oldest first. */
  ascending(
    id: string,
    from?: string,
    page?: WalkOptions['page'],
  ): AsyncGenerator<readonly MessageRecord[]> {
    return ascending(this.#walk(id, from, page));
  }

  /** Pages down from a key, that included, the newest first. */
  descending(
    id: string,
    from?: string,
    page?: WalkOptions['page'],
  ): AsyncGenerator<readonly MessageRecord[]> {
    return descending(this.#walk(id, from, page));
  }

  /** Reads the messages of a page, in order. */
  page(id: string, name: string): Promise<readonly MessageRecord[]> {
    return readPage(this.store, this.place(id), name, this.#onDamaged);
  }

  /** Opens a conversation for changes that somebody else writes. The caller holds its lock. */
  edit(reading: Reading, id: string, kind: ChatRecord['kind']): Promise<ConversationEdit> {
    return ConversationEdit.open(new Changes(reading), this.place(id), kind, this.#onDamaged);
  }

  /** Changes a conversation under its lock, in one batch. */
  async change<T>(
    id: string,
    kind: ChatRecord['kind'],
    task: (edit: ConversationEdit) => Promise<T>,
  ): Promise<T> {
    return withLock(this.store, chatLock(this.place(id)), async () => {
      const edit = await this.edit(this.store, id, kind);
      const result = await task(edit);
      await edit.finish();
      const changes = edit.changes.all();
      if (changes.length > 0) await this.store.batch(changes);
      this.written(edit);
      return result;
    });
  }

  /** Reports changes that are on disk now. */
  written(edit: ConversationEdit): void {
    const keys = edit.changes.keys();
    if (keys.length > 0) this.#events.emit('changed', { keys });
    this.dropped(edit.place.id, edit.dropped);
  }

  /** Reports that messages, or their words and files, are no longer there. */
  dropped(id: string, messages: readonly MessageRecord[]): void {
    if (messages.length > 0) this.#events.emit('dropped', { id, messages });
  }

  close(): void {
    this.#watching?.close();
  }

  #walk(id: string, from: string | undefined, page: WalkOptions['page']): WalkOptions {
    const place = this.place(id);
    return {
      reading: this.store,
      place,
      chat: () => readChat(this.store, place),
      onDamaged: this.#onDamaged,
      mend: () => this.change(id, 'person', (edit) => edit.mend()),
      ...definedOnly({ from, page }),
    };
  }
}
