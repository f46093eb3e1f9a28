import type { StoreKey } from '@dimp/core';
import { Events, type Handle } from '@dimp/foundation';
import type { ChatRecord } from '../history/chat-record.ts';
import type { History } from '../history/history.ts';
import { CHATS } from '../history/paths.ts';
import { share } from '../live/share.ts';
import type { ListOptions } from '../model/chats.ts';
import type { ConversationSummary, UnreadCounts } from '../model/conversation.ts';
import type { Names } from './names.ts';
import { isMuted, summaryOf } from './summary.ts';

/** A conversation in memory. */
interface Entry {
  readonly chat: ChatRecord;
  readonly summary: ConversationSummary;
}

/** The conversations of a user in memory. They are read once; after that, only those that have changed. */
export class ChatList {
  readonly #history: History;
  readonly #names: Names;
  readonly #events = new Events<{ changed: Record<never, never> }>({ changed: true });
  readonly #entries = new Map<string, Entry>();
  readonly #listening: Handle;
  /** Conversations to read again; `undefined` stands for all of them. */
  #dirty: Set<string> | undefined = undefined;
  #reading: Promise<void> | undefined;
  #used = false;

  constructor(history: History, names: Names) {
    this.#history = history;
    this.#names = names;
    this.#listening = history.on('changed', ({ keys }) => this.#changed(keys));
  }

  /** Calls a listener when a list that was read may have changed. */
  watch(changed: () => void): () => void {
    const handle = this.#events.on('changed', changed);
    return () => handle.close();
  }

  /** A name has changed: that of one entity, or any. */
  renamed(entity?: string): void {
    if (!this.#used) return;
    if (entity === undefined) this.#dirty = undefined;
    else if (this.#dirty !== undefined) {
      for (const [id, { chat }] of this.#entries) {
        if (id === entity || chat.last?.sender === entity) this.#dirty.add(id);
      }
    }
    this.#events.emit('changed', {});
  }

  /** Pinned conversations by when they were pinned, then the others by their last message. */
  async list({
    archived = false,
    requests = false,
    named,
  }: ListOptions): Promise<ConversationSummary[]> {
    await this.#read();
    const part = named?.toLowerCase();
    return [...this.#entries.values()]
      .filter(({ chat, summary }) => {
        if (isEmpty(chat)) return false;
        if ((chat.request !== undefined) !== requests) return false;
        if (!requests && (chat.archived ?? false) !== archived) return false;
        return part === undefined || isNamed(summary, part);
      })
      .sort(byOrder)
      .map(({ summary }) => summary);
  }

  async unread(): Promise<UnreadCounts> {
    await this.#read();
    const now = this.#history.clock.now();
    let [messages, conversations, mentions, requests] = [0, 0, 0, 0];
    for (const { chat } of this.#entries.values()) {
      if (chat.request !== undefined) {
        if (!chat.blocked && !isEmpty(chat)) requests += 1;
        continue;
      }
      if (chat.archived || isMuted(chat, now)) continue;
      messages += chat.unread;
      mentions += chat.mentions;
      if (chat.unread > 0 || chat.markedUnread) conversations += 1;
    }
    return { messages, conversations, mentions, requests };
  }

  /** Entities and records of all conversations. */
  async all(): Promise<readonly (readonly [id: string, chat: ChatRecord])[]> {
    await this.#read();
    return [...this.#entries].map(([id, { chat }]) => [id, chat]);
  }

  close(): void {
    this.#listening.close();
  }

  #changed(keys: readonly StoreKey[]): void {
    if (!this.#used) return;
    let ours = false;
    for (const [area, user, id] of keys) {
      if (area === undefined) this.#dirty = undefined;
      else if (area !== CHATS || user !== this.#history.user || id === undefined) continue;
      else this.#dirty?.add(id);
      ours = true;
    }
    if (ours) this.#events.emit('changed', {});
  }

  /** Reads what has changed. Calls that come meanwhile share the work. */
  async #read(): Promise<void> {
    this.#used = true;
    while (this.#dirty === undefined || this.#dirty.size > 0) {
      this.#reading ??= this.#readDirty().finally(() => {
        this.#reading = undefined;
      });
      await this.#reading;
    }
  }

  async #readDirty(): Promise<void> {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    try {
      if (dirty === undefined) await this.#readAll();
      else for (const id of dirty) await this.#readOne(id);
    } catch (error) {
      this.#dirty = dirty === undefined ? undefined : new Set([...dirty, ...this.#dirty]);
      throw error;
    }
  }

  async #readOne(id: string): Promise<void> {
    const chat = await this.#history.chat(id);
    if (chat === undefined) this.#entries.delete(id);
    else await this.#show(id, chat);
  }

  async #readAll(): Promise<void> {
    const before = new Set(this.#entries.keys());
    for await (const [id, chat] of this.#history.chats()) {
      before.delete(id);
      await this.#show(id, chat);
    }
    for (const id of before) this.#entries.delete(id);
  }

  async #show(id: string, chat: ChatRecord): Promise<void> {
    const summary = await summaryOf(id, chat, (entity) => this.#names.of(entity));
    this.#entries.set(id, { chat, summary: share(this.#entries.get(id)?.summary, summary) });
  }
}

/** A conversation in which nothing has been said yet. */
function isEmpty({ last, draft, pinned, cleared, blocked }: ChatRecord): boolean {
  return [last, draft, pinned, cleared, blocked].every((each) => each === undefined);
}

function isNamed({ id, name }: ConversationSummary, part: string): boolean {
  return name.toLowerCase().includes(part) || id.toLowerCase().includes(part);
}

function byOrder(a: Entry, b: Entry): number {
  const [left, right] = [a.chat.pinned, b.chat.pinned];
  if (left !== undefined || right !== undefined) {
    return (left ?? Number.POSITIVE_INFINITY) - (right ?? Number.POSITIVE_INFINITY);
  }
  const stamps = stampOf(b) - stampOf(a);
  return stamps === 0 ? (a.summary.id < b.summary.id ? -1 : 1) : stamps;
}

function stampOf({ chat }: Entry): number {
  return chat.last?.stamp ?? chat.cleared ?? 0;
}
