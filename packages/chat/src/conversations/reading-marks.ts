import { ACCEPTS_CHAT, ReadMark } from '@dimp/extensions/chat';
import { disposeSymbol } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import { type ChatRecord, isAfter } from '../history/chat-record.ts';
import { orderKey } from '../history/order.ts';
import type { Account } from './account.ts';
import { isSmallGroup } from './rights.ts';

/** A read mark is sent after a rest of this time, in milliseconds. */
const REST_MS = 2000;
/** Shortest time between two read marks of a conversation, in milliseconds. */
const EVERY_MS = 10_000;
/** Most newly read messages whose authors are told, in a group. */
const MAX_MESSAGES = 256;

interface Waiting {
  timer: Disposable | undefined;
  lastSent: number;
}

/** Tells peers how far the user has read: some time after reading, and not too often. */
export class ReadingMarks {
  readonly #account: Account;
  readonly #waiting = new Map<string, Waiting>();
  #stopped = false;

  constructor(account: Account) {
    this.#account = account;
  }

  /** The user has read on in a conversation. */
  note(peer: ID): void {
    const { timers, host } = this.#account.parts;
    if (this.#stopped || this.#account.kindOf(peer) === 'self') return;
    const waiting = this.#waiting.get(peer.entity) ?? {
      timer: undefined,
      lastSent: Number.NEGATIVE_INFINITY,
    };
    this.#waiting.set(peer.entity, waiting);
    waiting.timer?.[disposeSymbol]();
    const soonest = waiting.lastSent + EVERY_MS - this.#account.history.clock.now();
    waiting.timer = timers.after(Math.max(REST_MS, soonest), () => {
      waiting.timer = undefined;
      waiting.lastSent = this.#account.history.clock.now();
      host.background(() => this.#send(peer));
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#waiting.values()) timer?.[disposeSymbol]();
    this.#waiting.clear();
  }

  async #send(peer: ID): Promise<void> {
    const { history, user, parts } = this.#account;
    const chat = await history.chat(peer.entity);
    const read = chat?.read;
    if (chat === undefined || read === undefined || !isAfter(read, chat.toldRead)) return;
    if (chat.blocked || !(await this.#account.showsReaders(peer, chat))) return;
    if (peer.isGroup && !(await isSmallGroup(parts.facebook, peer))) return;
    const message = await history.message(peer.entity, read.ref);
    const time = (message?.time ?? read.stamp) / 1000;
    const draft = ReadMark.create(
      { upto: { time, ref: read.ref } },
      peer.isGroup ? { group: peer } : {},
    );
    for (const receiver of peer.isGroup ? await this.#authors(peer, chat) : [peer]) {
      // A newer mark makes an unsent older one void.
      const replaces = `read ${peer.entity}`;
      await parts.host.send(draft, receiver, { sender: user, accepting: ACCEPTS_CHAT, replaces });
    }
    await history.change(peer.entity, chat.kind, async (edit) => {
      if (isAfter(read, edit.chat.toldRead)) edit.set({ toldRead: read });
    });
  }

  /** The authors of the newly read messages of a group. */
  async #authors(group: ID, { read, toldRead }: ChatRecord): Promise<readonly ID[]> {
    const { history, user } = this.#account;
    const authors = new Map<string, ID>();
    let count = 0;
    const from = read === undefined ? undefined : orderKey(read);
    for await (const page of history.descending(group.entity, from)) {
      for (const message of page) {
        if (!isAfter(message, toldRead) || count === MAX_MESSAGES) return [...authors.values()];
        count += 1;
        const author = this.#account.id(message.sender);
        if (!sameEntity(author, user) && message.kind !== 'note')
          authors.set(message.sender, author);
      }
    }
    return [...authors.values()];
  }
}
