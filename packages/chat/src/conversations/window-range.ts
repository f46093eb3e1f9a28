import type { ChatRecord } from '../history/chat-record.ts';
import type { History } from '../history/history.ts';
import { countsAsUnread, type MessageRecord } from '../history/message-record.ts';
import { firstKeyAt, orderKey } from '../history/order.ts';
import type { WindowPlace } from '../model/chats.ts';
import type { PageCache } from './page-cache.ts';

/** Most messages of a window; it drops those at the other end then. */
export const MAX_WINDOW = 1000;

/** The messages from one key to another. */
export interface Range {
  /** Least key; empty for the beginning of the conversation. */
  readonly low: string;
  /** Greatest key; undefined for a window that shows new messages as they come. */
  readonly high: string | undefined;
}

/** Reads the messages of a conversation around keys. */
export class RangeReader {
  readonly #history: History;
  readonly #id: string;
  readonly #cache: PageCache;

  constructor(history: History, id: string, cache: PageCache) {
    this.#history = history;
    this.#id = id;
    this.#cache = cache;
  }

  /** The messages of a range, in order. */
  async read({ low, high }: Range): Promise<MessageRecord[]> {
    const messages: MessageRecord[] = [];
    for await (const page of this.#ascending(low)) {
      for (const message of page) {
        if (high !== undefined && orderKey(message) > high) return messages;
        messages.push(message);
      }
    }
    return messages;
  }

  /** At most `count` messages before a key, the newest first. */
  older(key: string, count: number): Promise<MessageRecord[]> {
    return take(this.#descending(key), count, (message) => orderKey(message) < key);
  }

  /** At most `count` messages behind a key, the oldest first. */
  newer(key: string, count: number): Promise<MessageRecord[]> {
    return take(this.#ascending(key), count, (message) => orderKey(message) > key);
  }

  /** The first unread message. */
  async firstUnread({ read, unread }: ChatRecord): Promise<MessageRecord | undefined> {
    if (unread === 0) return undefined;
    const from = read === undefined ? '' : orderKey(read);
    for await (const page of this.#ascending(from)) {
      const found = page.find((each) => orderKey(each) > from && countsAsUnread(each));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Range of `size` messages at the end of the conversation. */
  async newest(size: number): Promise<Range> {
    const messages = await take(this.#descending(undefined), size, () => true);
    const oldest = messages.at(-1);
    const isAll = oldest === undefined || messages.length < size;
    return { low: isAll ? '' : orderKey(oldest), high: undefined };
  }

  /** Range of `size` messages with a key in the middle, as far as there are messages on both sides. */
  async around(key: string, size: number): Promise<Range> {
    const half = Math.floor(size / 2);
    const { length: before } = await this.older(key, half);
    // One more tells whether the window reaches the end.
    const wanted = size - before;
    const behind = await take(this.#ascending(key), wanted + 1, (m) => orderKey(m) >= key);
    const isEnd = behind.length <= wanted;
    const older = await this.older(key, isEnd ? size - behind.length : before);
    const [first, last] = [older.at(-1), behind[wanted - 1]];
    return {
      low: first === undefined ? key : orderKey(first),
      high: isEnd || last === undefined ? undefined : orderKey(last),
    };
  }

  /** Range at a place. A message that is not here is taken as the newest. */
  async at(place: WindowPlace, size: number, chat: ChatRecord | undefined): Promise<Range> {
    if (place === 'newest' || chat === undefined) return this.newest(size);
    const key = await this.#keyOf(place, chat);
    return key === undefined ? this.newest(size) : this.around(key, size);
  }

  async #keyOf(
    place: Exclude<WindowPlace, 'newest'>,
    chat: ChatRecord,
  ): Promise<string | undefined> {
    if (place !== 'unread' && 'time' in place) return firstKeyAt(place.time);
    const message =
      place === 'unread'
        ? await this.firstUnread(chat)
        : await this.#history.message(this.#id, place.ref);
    return message === undefined ? undefined : orderKey(message);
  }

  #ascending(from: string | undefined): AsyncGenerator<readonly MessageRecord[]> {
    return this.#history.ascending(this.#id, from, (name) => this.#cache.page(name));
  }

  #descending(from: string | undefined): AsyncGenerator<readonly MessageRecord[]> {
    return this.#history.descending(this.#id, from, (name) => this.#cache.page(name));
  }
}

async function take(
  pages: AsyncIterable<readonly MessageRecord[]>,
  count: number,
  test: (message: MessageRecord) => boolean,
): Promise<MessageRecord[]> {
  const taken: MessageRecord[] = [];
  if (count <= 0) return taken;
  for await (const page of pages) {
    for (const message of page) {
      if (!test(message)) continue;
      taken.push(message);
      if (taken.length === count) return taken;
    }
  }
  return taken;
}
