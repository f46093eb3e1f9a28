import type { ChatRecord } from '../history/chat-record.ts';
import type { History } from '../history/history.ts';
import type { MessageRecord } from '../history/message-record.ts';
import { orderKey } from '../history/order.ts';
import type { Change } from '../live/live.ts';
import { type LiveSource, LiveValue } from '../live/live-value.ts';
import type { WindowHandle, WindowPlace } from '../model/chats.ts';
import type { MessageWindow } from '../model/conversation.ts';
import type { ChatMessage } from '../model/message.ts';
import { PageCache } from './page-cache.ts';
import { MAX_WINDOW, type Range, RangeReader } from './window-range.ts';

/** Messages of a window by default. */
export const DEFAULT_SIZE = 60;

/** Options for {@link ChatWindow}. */
export interface WindowParts extends Pick<LiveSource<MessageWindow>, 'timers' | 'onFailure'> {
  readonly history: History;
  /** Entity of the peer or the group. */
  readonly id: string;
  readonly at: WindowPlace;
  readonly size: number;
  /** Makes messages to show of records of this conversation. */
  readonly view: (records: readonly MessageRecord[]) => Promise<ChatMessage[]>;
  /** Calls a listener when names may have changed. */
  readonly watchNames: (changed: () => void) => () => void;
}

/** A part of a conversation that follows it. */
export class ChatWindow implements WindowHandle {
  readonly #parts: WindowParts;
  readonly #cache: PageCache;
  readonly #reader: RangeReader;
  readonly #value: LiveValue<MessageWindow>;
  #place: WindowPlace;
  #range: Range | undefined;
  #firstUnread: string | undefined;
  /** Movements happen one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: WindowParts) {
    const { history, id, at, watchNames } = parts;
    this.#parts = parts;
    this.#place = at;
    this.#cache = new PageCache(history, id);
    this.#reader = new RangeReader(history, id, this.#cache);
    this.#value = new LiveValue<MessageWindow>({
      ...parts,
      load: () => this.#inTurn(() => this.#load()),
      watch: (changed) => {
        // Changes of the time when nobody listened were not seen.
        this.#cache.changed([[]]);
        const listening = history.on('changed', ({ keys }) => {
          if (this.#cache.changed(keys)) changed();
        });
        const stop = watchNames(changed);
        return () => {
          listening.close();
          stop();
        };
      },
      elements: ({ items }) => items,
    });
  }

  get current(): MessageWindow | undefined {
    return this.#value.current;
  }

  get ready(): Promise<MessageWindow> {
    return this.#value.ready;
  }

  subscribe(listener: (value: MessageWindow, change: Change) => void): () => void {
    return this.#value.subscribe(listener);
  }

  [Symbol.asyncIterator](): AsyncIterator<MessageWindow> {
    return this.#value[Symbol.asyncIterator]();
  }

  close(): Promise<void> {
    return this.#value.close();
  }

  async older(count: number = DEFAULT_SIZE): Promise<void> {
    await this.#move(async (range) => {
      if (range.low === '') return range;
      const more = await this.#reader.older(range.low, bounded(count));
      const oldest = more.at(-1);
      const low = more.length < bounded(count) || oldest === undefined ? '' : orderKey(oldest);
      const messages = await this.#reader.read({ ...range, low });
      const last = messages[MAX_WINDOW - 1];
      const isLong = messages.length > MAX_WINDOW && last !== undefined;
      return { low, high: isLong ? orderKey(last) : range.high };
    });
  }

  async newer(count: number = DEFAULT_SIZE): Promise<void> {
    await this.#move(async (range) => {
      if (range.high === undefined) return range;
      const more = await this.#reader.newer(range.high, bounded(count) + 1);
      const last = more[bounded(count) - 1];
      const high = more.length > bounded(count) && last !== undefined ? orderKey(last) : undefined;
      return this.#withoutOldest({ ...range, high });
    });
  }

  async jump(place: WindowPlace): Promise<void> {
    await this.#inTurn(async () => {
      this.#place = place;
      this.#range = undefined;
    });
    await this.#value.refresh();
  }

  async #move(task: (range: Range) => Promise<Range>): Promise<void> {
    await this.#inTurn(async () => {
      this.#range = await task(this.#range ?? (await this.#open()));
    });
    await this.#value.refresh();
  }

  async #load(): Promise<MessageWindow> {
    const range = await this.#withoutOldest(this.#range ?? (await this.#open()));
    this.#range = range;
    const { low, high } = range;
    const records = await this.#reader.read(range);
    const first = records[0];
    const [older, newer] = [
      low === '' ? [] : await this.#reader.older(first === undefined ? low : orderKey(first), 1),
      high === undefined ? [] : await this.#reader.newer(high, 1),
    ];
    const items = await this.#parts.view(records);
    this.#cache.forgetUnused();
    return {
      items,
      hasOlder: older.length > 0,
      hasNewer: newer.length > 0,
      ...(this.#firstUnread === undefined ? {} : { firstUnread: this.#firstUnread }),
    };
  }

  async #open(): Promise<Range> {
    const { history, id, size } = this.#parts;
    const chat: ChatRecord | undefined = await history.chat(id);
    this.#firstUnread =
      chat === undefined ? undefined : (await this.#reader.firstUnread(chat))?.ref;
    return this.#reader.at(this.#place, Math.min(bounded(size), MAX_WINDOW), chat);
  }

  /** New messages must not make a window grow for ever. */
  async #withoutOldest(range: Range): Promise<Range> {
    const messages = await this.#reader.read(range);
    const first = messages[messages.length - MAX_WINDOW];
    return messages.length > MAX_WINDOW && first !== undefined
      ? { ...range, low: orderKey(first) }
      : range;
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** @throws `RangeError` for a number of messages that is not a positive whole number */
function bounded(count: number): number {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError('count must be a whole number of at least 1');
  }
  return count;
}
