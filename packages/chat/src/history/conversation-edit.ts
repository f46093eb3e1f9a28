import { definedOnly, isProtocolError, type MaybePromise } from '@dimp/foundation';
import { type Address, addressToJson, decodeAddress } from './address.ts';
import type { Changes } from './changes.ts';
import { type ChatRecord, chatToJson, isAfter, lastOf, type Mark, newChat } from './chat-record.ts';
import { type OnDamaged, unlessDamaged } from './damage.ts';
import { countsAsUnread, type MessageRecord, messageToJson } from './message-record.ts';
import { orderKey } from './order.ts';
import { pageOf, readChunk } from './page-list.ts';
import { insertIntoPage, type Layout, removeFromPage } from './pages.ts';
import {
  addressPath,
  chatPath,
  dataPath,
  gonePath,
  messagePath,
  openPath,
  type Place,
  standingPath,
  unknownPath,
  vanishPath,
} from './paths.ts';
import {
  ascending,
  descending,
  readChat,
  readMessage,
  readPage,
  type WalkOptions,
} from './reading.ts';
import { rebuildChat } from './rebuild.ts';
import { countUnread, plusUnread } from './unread.ts';

/** How long it is remembered that a message is gone, in milliseconds: 30 days. */
const GONE_MS = 30 * 86_400_000;

/**
 * Changes one conversation. Nothing is written before the batch of its {@link Changes} is. The caller holds the lock of the
 * conversation.
 */
export class ConversationEdit {
  readonly place: Place;
  readonly changes: Changes;
  readonly #onDamaged: OnDamaged;
  readonly #before: ChatRecord | undefined;
  readonly #initial: ChatRecord;
  #chat: ChatRecord;
  #recount = false;
  #isForgotten = false;
  readonly #dropped: MessageRecord[] = [];

  private constructor(
    place: Place,
    changes: Changes,
    onDamaged: OnDamaged,
    before: ChatRecord | undefined,
    kind: ChatRecord['kind'],
  ) {
    this.place = place;
    this.changes = changes;
    this.#onDamaged = onDamaged;
    this.#before = before;
    this.#initial = before ?? newChat(kind);
    this.#chat = this.#initial;
  }

  /** @param kind - of a conversation that begins */
  static async open(
    changes: Changes,
    place: Place,
    kind: ChatRecord['kind'],
    onDamaged: OnDamaged,
  ): Promise<ConversationEdit> {
    try {
      const before = await readChat(changes, place);
      return new ConversationEdit(place, changes, onDamaged, before, kind);
    } catch (error) {
      if (!isProtocolError(error, 'store/corrupt')) throw error;
      onDamaged(error);
      const rebuilt = await rebuildChat(changes, place, kind, onDamaged);
      return new ConversationEdit(place, changes, onDamaged, rebuilt, kind);
    }
  }

  get chat(): ChatRecord {
    return this.#chat;
  }

  /** Whether the conversation was there before this change. */
  get isNew(): boolean {
    return this.#before === undefined;
  }

  /** Messages whose words and files are removed, as they were. */
  get dropped(): readonly MessageRecord[] {
    return this.#dropped;
  }

  /** Changes the record of the conversation. Members that are undefined are removed. */
  set(change: { readonly [K in keyof ChatRecord]?: ChatRecord[K] | undefined }): void {
    this.#chat = definedOnly({ ...this.#chat, ...change }) as ChatRecord;
  }

  /** Where a message is, or that it is gone; undefined if it is not here, or the record is damaged. */
  address(ref: string): Promise<Address | undefined> {
    return this.orDamaged(async () => {
      const bytes = await this.changes.get(addressPath(this.place, ref));
      return bytes === undefined ? undefined : decodeAddress(bytes);
    });
  }

  /** A message; undefined if it is not here, or damaged. */
  message(ref: string): Promise<MessageRecord | undefined> {
    return this.orDamaged(() => readMessage(this.changes, this.place, ref));
  }

  /** Reads a record. A damaged one is reported and counts as absent: it must not keep messages from being taken in. */
  orDamaged<T>(read: () => MaybePromise<T>): Promise<T | undefined> {
    return unlessDamaged(read, this.#onDamaged);
  }

  /** Adds a message that is not here. @returns it with the stamp that it got */
  async add(added: MessageRecord): Promise<MessageRecord> {
    const message = await this.mending(() => this.#withFreeKey(added));
    this.set(
      await this.mending(() => insertIntoPage(this.changes, this.place, this.#chat, message)),
    );
    const { last, read } = this.#chat;
    if (isAfter(message, last)) this.set({ last: lastOf(message) });
    if (message.vanishesAt !== undefined) {
      this.vanishAt(message.ref, message.vanishesAt);
      this.set({ vanishing: true });
    }
    if (message.kind === 'unknown') this.changes.set(unknownPath(this.place, message.ref), true);
    if (!countsAsUnread(message)) return message;
    if (isAfter(message, read)) this.set(plusUnread(this.#chat, message));
    else this.set({ missed: this.#chat.missed + 1 });
    return message;
  }

  /** Replaces a message by one with the same ref and stamp. */
  async replace(before: MessageRecord, message: MessageRecord): Promise<void> {
    const address = await this.address(message.ref);
    if (address?.key === undefined) return;
    const path = messagePath(this.place, address.page, address.key);
    this.changes.set(path, messageToJson(message));
    const isRecalled = message.annotations?.recalled !== undefined;
    if (isRecalled && before.annotations?.recalled === undefined) this.#dropped.push(before);
    if (this.#chat.last?.ref === message.ref) this.set({ last: lastOf(message) });
    const counted =
      countsAsUnread(before) !== countsAsUnread(message) ||
      before.mentionsMe !== message.mentionsMe;
    if (counted && isAfter(message, this.#chat.read)) this.#recount = true;
    if (message.vanishesAt === undefined || message.vanishesAt === before.vanishesAt) return;
    if (before.vanishesAt !== undefined) {
      this.changes.delete(vanishPath(this.place, before.vanishesAt, message.ref));
    }
    this.vanishAt(message.ref, message.vanishesAt);
  }

  /**
   * Removes a message.
   *
   * @param now - milliseconds since the epoch; it is remembered for 30 days that the message is gone; undefined for a message
   *   that is too old to come again
   */
  async remove(message: MessageRecord, now: number | undefined): Promise<void> {
    const { place } = this;
    const address = await this.address(message.ref);
    if (address?.key === undefined) return;
    const { page, key } = address;
    this.#setLayout(
      await this.mending(() => removeFromPage(this.changes, place, this.#chat, { page, key })),
    );
    this.#dropped.push(message);
    if (now === undefined) this.changes.delete(addressPath(place, message.ref));
    else {
      const until = now + GONE_MS;
      this.changes.set(addressPath(place, message.ref), addressToJson({ gone: until }));
      this.changes.set(gonePath(place, until, message.ref), until);
    }
    if (message.kind === 'unknown') this.changes.delete(unknownPath(place, message.ref));
    this.changes.delete(dataPath(place, message.ref));
    this.changes.delete(openPath(place, message.ref));
    if (message.vanishesAt !== undefined) {
      this.changes.delete(vanishPath(place, message.vanishesAt, message.ref));
    }
    const { pins, draft, last, read } = this.#chat;
    if (pins.includes(message.ref)) this.set({ pins: pins.filter((ref) => ref !== message.ref) });
    if (draft?.replyTo === message.ref || draft?.edits === message.ref) {
      this.set({ draft: undefined });
    }
    if (last?.ref === message.ref) this.set({ last: await this.#newest() });
    if (countsAsUnread(message) && isAfter(message, read)) this.#recount = true;
  }

  /** Notes when a message disappears, for the job that removes it. @param at - milliseconds since the epoch */
  vanishAt(ref: string, at: number): void {
    this.changes.set(vanishPath(this.place, at, ref), at);
  }

  /** Moves the read mark forward. It never moves back. */
  read(upTo: Mark): void {
    this.set({ missed: 0, markedUnread: undefined });
    if (!isAfter(upTo, this.#chat.read)) return;
    this.set({ read: { stamp: upTo.stamp, ref: upTo.ref } });
    this.#recount = true;
  }

  /** Forgets the layout of the pages, which are all removed. */
  empty(): void {
    this.set({ chunks: [], tail: undefined, count: 0, last: undefined, pins: [] });
    this.set({ layout: this.#chat.layout + 1, unread: 0, mentions: 0, missed: 0 });
  }

  /** Removes the record of the conversation, which has no messages. */
  forget(): void {
    this.#isForgotten = true;
  }

  /** Goes through the messages as they will be, the oldest first. */
  ascending(from?: string): AsyncGenerator<readonly MessageRecord[]> {
    return ascending(this.#walk(from));
  }

  /** Goes through the messages as they will be, the newest first. */
  descending(from?: string): AsyncGenerator<readonly MessageRecord[]> {
    return descending(this.#walk(from));
  }

  /** The messages of the last pages, without those that have more bytes. */
  newest(maxPages: number, maxBytes: number): Promise<readonly MessageRecord[]> {
    return this.mending(async () => {
      const chunk = this.#chat.chunks.at(-1);
      const pages = chunk === undefined ? [] : await readChunk(this.changes, this.place, chunk);
      const found: MessageRecord[] = [];
      for (const page of pages.slice(-maxPages)) {
        found.push(...(await readPage(this.changes, this.place, page, this.#onDamaged, maxBytes)));
      }
      return found;
    });
  }

  /** Adds the record of the conversation to the changes. */
  async finish(): Promise<void> {
    if (this.#isForgotten) {
      this.changes.delete(chatPath(this.place));
      this.changes.delete(standingPath(this.place));
      return;
    }
    if (this.#recount) {
      const { read, last } = this.#chat;
      const nothingLeft = last === undefined || !isAfter(last, read);
      const from = read === undefined ? undefined : orderKey(read);
      this.set(
        nothingLeft ? { unread: 0, mentions: 0 } : await countUnread(this.ascending(from), read),
      );
      this.#recount = false;
    }
    // A conversation of which nothing is known does not begin because something was looked for in it.
    if (this.#chat === this.#initial) return;
    this.changes.set(chatPath(this.place), chatToJson(this.#chat));
    const { blocked, request } = this.#chat;
    if (blocked === this.#initial.blocked && request === this.#initial.request) return;
    const standing = definedOnly({ blocked, request });
    if (Object.keys(standing).length > 0) this.changes.set(standingPath(this.place), standing);
    else this.changes.delete(standingPath(this.place));
  }

  /** Makes the list of pages again, from the messages that are there. */
  async mend(): Promise<void> {
    const { kind } = this.#chat;
    const rebuilt = await rebuildChat(this.changes, this.place, kind, this.#onDamaged);
    this.#setLayout({ ...rebuilt, layout: this.#chat.layout + 1 });
  }

  /** Runs a task again with a new list of pages if the list is damaged. */
  async mending<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      if (!isProtocolError(error, 'store/corrupt')) throw error;
      this.#onDamaged(error);
      await this.mend();
      return task();
    }
  }

  #setLayout({ chunks, tail, count, layout }: Layout): void {
    this.set({ chunks, tail, count, layout });
  }

  #walk(from: string | undefined): WalkOptions {
    return {
      reading: this.changes,
      place: this.place,
      chat: async () => this.#chat,
      onDamaged: this.#onDamaged,
      mend: () => this.mend(),
      ...definedOnly({ from }),
    };
  }

  async #newest(): Promise<ChatRecord['last']> {
    for await (const [newest] of this.descending()) return newest && lastOf(newest);
    return undefined;
  }

  /** Two messages of one millisecond may have the same first characters of their refs, if an author wants it. */
  async #withFreeKey(message: MessageRecord): Promise<MessageRecord> {
    const { chunks, tail } = this.#chat;
    let free = message;
    for (;;) {
      const key = orderKey(free);
      if (tail === undefined || chunks.length === 0 || key > tail.key) return free;
      const page = await pageOf(this.changes, this.place, this.#chat, key);
      if (page === undefined) return free;
      if ((await this.changes.get(messagePath(this.place, page, key))) === undefined) return free;
      free = { ...free, stamp: free.stamp + 1 };
    }
  }
}
