import type { Store } from '@dimp/core';
import {
  type CrashingStore,
  crashingStore,
  type SeededRandom,
  seededRandom,
} from '@dimp/testing/network';
import { expect } from 'vitest';
import { PageCache } from '../../src/conversations/page-cache.ts';
import { RangeReader } from '../../src/conversations/window-range.ts';
import { History } from '../../src/history/history.ts';
import type { MessageRecord } from '../../src/history/message-record.ts';
import { orderKey } from '../../src/history/order.ts';

const USER = 'moki@user';
const PEER = 'hulk@peer';
const START = 1_700_000_000_000;

/** A history over a store, and the same conversation as a list in memory. */
export class HistoryModel {
  readonly #durable: Store;
  readonly #random: SeededRandom;
  readonly #messages = new Map<string, MessageRecord>();
  #store: CrashingStore;
  #history: History;
  #read: MessageRecord | undefined;
  #next = 0;

  constructor(durable: Store, seed: number) {
    this.#durable = durable;
    this.#random = seededRandom(seed);
    this.#store = crashingStore(durable);
    this.#history = this.#open();
  }

  /** Does something at random. */
  async step(): Promise<void> {
    const choice = this.#int(0, 9);
    if (choice < 3) await this.#add(this.#int(1, 5), true);
    else if (choice < 5) await this.#add(this.#int(1, 200), false);
    else if (choice < 7) await this.#remove(this.#int(1, 60));
    else if (choice === 7) await this.#readUpTo();
    else if (choice === 8) await this.#recall();
    else await this.#crash();
  }

  /** Compares everything that can be read with the list. */
  async check(): Promise<void> {
    const expected = this.#sorted();
    const refs = expected.map(({ ref }) => ref);
    expect(await this.#all('ascending')).toEqual(refs);
    expect(await this.#all('descending')).toEqual([...refs].reverse());
    const chat = await this.#history.chat(PEER);
    expect(chat?.count ?? 0).toBe(expected.length);
    expect(chat?.last?.ref).toBe(refs.at(-1));
    const unread = expected.filter((each) => this.#isUnread(each));
    expect(chat?.unread ?? 0).toBe(Math.min(unread.length, 1000));
    expect(chat?.mentions ?? 0).toBe(
      unread.slice(0, 1000).filter(({ mentionsMe }) => mentionsMe).length,
    );
    await this.#checkWindows(expected, unread[0]);
    for (const message of this.#some(expected, 5)) {
      expect((await this.#history.message(PEER, message.ref))?.ref).toBe(message.ref);
    }
    await this.#checkPages();
  }

  async #checkWindows(expected: readonly MessageRecord[], unread: MessageRecord | undefined) {
    const chat = await this.#history.chat(PEER);
    const reader = new RangeReader(this.#history, PEER, new PageCache(this.#history, PEER));
    const size = this.#int(1, 80);
    const newest = await reader.read(await reader.newest(size));
    expect(newest.map(({ ref }) => ref)).toEqual(expected.slice(-size).map(({ ref }) => ref));
    const places = [...this.#some(expected, 2), ...(unread === undefined ? [] : [unread])];
    for (const message of places) {
      const place = message === unread ? 'unread' : { ref: message.ref };
      const shown = await reader.read(await reader.at(place, size, chat));
      const at = expected.indexOf(message);
      const from = Math.min(at - Math.floor(size / 2), expected.length - size);
      const wanted = expected.slice(Math.max(0, from), Math.max(0, from) + size);
      expect(shown.map(({ ref }) => ref)).toEqual(wanted.map(({ ref }) => ref));
    }
  }

  /** No page is longer than allowed, and the names of pages are in the order of their messages. */
  async #checkPages(): Promise<void> {
    const sizes = new Map<string, number>();
    for await (const [[, , , page = '']] of this.#durable.list(['msg', USER, PEER])) {
      sizes.set(page, (sizes.get(page) ?? 0) + 1);
    }
    expect(Math.max(0, ...sizes.values())).toBeLessThanOrEqual(128);
  }

  async #add(count: number, inOrder: boolean): Promise<void> {
    const newest = this.#sorted().at(-1)?.stamp ?? START;
    const added = Array.from({ length: count }, (_, at): MessageRecord => {
      const stamp = inOrder ? newest + at : START + this.#int(0, 5000);
      const ref = `${this.#int(0, 35).toString(36)}${String(this.#next++).padStart(21, 'r')}`;
      const mine = this.#int(0, 4) === 0;
      return {
        ref: [...ref].reverse().join(''),
        ids: [],
        sender: mine ? USER : PEER,
        ...(mine ? { out: true } : {}),
        kind: 'text',
        content: { type: '1', text: 'hi' },
        time: stamp,
        arrived: stamp,
        stamp,
        ...(this.#int(0, 5) === 0 ? { mentionsMe: true } : {}),
      };
    });
    await this.#try(async () => {
      const stored: MessageRecord[] = [];
      await this.#history.change(PEER, 'person', async (edit) => {
        for (const each of added) {
          if ((await edit.address(each.ref)) === undefined) stored.push(await edit.add(each));
        }
      });
      for (const each of stored) this.#messages.set(each.ref, each);
    });
  }

  async #remove(count: number): Promise<void> {
    const removed = this.#some(this.#sorted(), count);
    await this.#try(async () => {
      await this.#history.change(PEER, 'person', async (edit) => {
        for (const each of removed) await edit.remove(each, START + 10_000);
      });
      for (const { ref } of removed) this.#messages.delete(ref);
    });
  }

  async #recall(): Promise<void> {
    const [message] = this.#some(this.#sorted(), 1);
    if (message === undefined) return;
    const recalled = { ...message, annotations: { recalled: { by: message.sender, time: START } } };
    await this.#try(async () => {
      await this.#history.change(PEER, 'person', (edit) => edit.replace(message, recalled));
      this.#messages.set(message.ref, recalled);
    });
  }

  async #readUpTo(): Promise<void> {
    const [message] = this.#some(this.#sorted(), 1);
    if (message === undefined) return;
    await this.#try(async () => {
      await this.#history.change(PEER, 'person', async (edit) => edit.read(message));
      const before = this.#read;
      if (before === undefined || orderKey(message) > orderKey(before)) this.#read = message;
    });
  }

  /** The next write is the last of this run; it is made, or not. What is not acknowledged may be there all the same. */
  async #crash(): Promise<void> {
    const before = new Map(this.#messages);
    const unacknowledged = this.#int(0, 1) === 1;
    this.#store.crash({ afterWrites: 0, unacknowledged });
    const added = this.#int(1, 150);
    await this.#add(added, this.#int(0, 1) === 1);
    expect(this.#messages).toEqual(before);
    this.#store = crashingStore(this.#durable);
    this.#history.close();
    this.#history = this.#open();
    const found: MessageRecord[] = [];
    for await (const message of this.#history.messages(PEER)) found.push(message);
    const more = found.filter(({ ref }) => !before.has(ref));
    // All of the batch or nothing of it.
    expect([0, added]).toContain(more.length);
    for (const each of more) this.#messages.set(each.ref, each);
  }

  /** A change that fails changes nothing in the list. */
  async #try(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      expect(error).toMatchObject({ code: 'store/unavailable' });
    }
  }

  #open(): History {
    return new History({
      store: this.#store,
      user: USER,
      clock: { now: () => START + 10_000 },
      random: this.#random,
      readers: [],
      onDamaged: (error) => expect.unreachable(String(error)),
    });
  }

  async #all(order: 'ascending' | 'descending'): Promise<string[]> {
    const refs: string[] = [];
    for await (const { ref } of this.#history.messages(PEER, { order })) refs.push(ref);
    return refs;
  }

  #isUnread(message: MessageRecord): boolean {
    const isRead = this.#read !== undefined && orderKey(message) <= orderKey(this.#read);
    return !message.out && message.annotations?.recalled === undefined && !isRead;
  }

  #sorted(): MessageRecord[] {
    return [...this.#messages.values()].sort((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
  }

  #some(messages: readonly MessageRecord[], count: number): MessageRecord[] {
    const chosen = new Set<MessageRecord>();
    for (let i = 0; i < count && messages.length > 0; i++) {
      chosen.add(messages[this.#int(0, messages.length - 1)] as MessageRecord);
    }
    return [...chosen];
  }

  #int(low: number, high: number): number {
    return low + this.#random.integer(high - low + 1);
  }
}
