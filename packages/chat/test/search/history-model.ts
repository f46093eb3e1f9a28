import { createProtocol, type Store } from '@dimp/core';
import { memoryStore } from '@dimp/core/memory';
import { chat, refOf } from '@dimp/extensions/chat';
import { standard } from '@dimp/extensions/standard';
import type { JsonObject } from '@dimp/foundation';
import {
  type CrashingStore,
  type CrashOptions,
  crashingStore,
  VirtualTime,
} from '@dimp/testing/network';
import { History } from '../../src/history/history.ts';
import { type MessageRecord, shownText } from '../../src/history/message-record.ts';
import type { ChatMessage, HistoryAccess, MessageSearch } from '../../src/index.ts';
import type { SearchOptions } from '../../src/model/chats.ts';
import type { SearchHit } from '../../src/model/conversation.ts';
import { messageSearch } from '../../src/search.ts';

export const protocol = createProtocol(standard(), chat());
export const alice = protocol.parseID('0x7950da97AdBd80a84fc46bC66CBee786Aa3ef0Be');
export const bob = protocol.parseID('1JxwoorRPu1A7r9TgQqv7Fzin8d2AkqavF');

/** A history with its search, over a store that stays when the program is killed. */
export class SearchedHistory {
  readonly time = new VirtualTime();
  readonly failures: unknown[] = [];
  readonly durable: Store;
  leads = true;
  history!: History;
  search!: MessageSearch;
  store!: CrashingStore;
  #running: Promise<void>[] = [];
  #sn = 0;

  constructor(durable: Store = memoryStore()) {
    this.durable = durable;
    this.begin();
  }

  /** Starts the program. */
  begin(): void {
    this.store = crashingStore(this.durable);
    const { time } = this;
    this.history = new History({
      store: this.store,
      user: 'me',
      clock: time,
      random: { bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
      readers: ['index'],
      onDamaged: (error) => this.failures.push(error),
    });
    const access = {
      facebook: { protocol },
      history: this.history,
      timers: time,
      leads: () => this.leads,
      background: (task: () => Promise<void>) => {
        this.#running.push(task().catch((error: unknown) => void this.failures.push(error)));
      },
      view: async (_: string, records: readonly MessageRecord[]) => records.map(shown),
    } as Pick<HistoryAccess, 'history' | 'timers' | 'leads' | 'background' | 'view'>;
    const make = messageSearch({ bufferSize: 16, pause: () => Promise.resolve() });
    this.search = make({ ...access, facebook: { protocol } } as HistoryAccess);
    this.search.start();
  }

  /** Kills the program in the middle of its work, after some more writes, and starts it again. */
  async crash(options: CrashOptions = { afterWrites: 0 }): Promise<void> {
    this.store.crash(options);
    await this.live(20_000);
    await this.search.stop();
    this.history.close();
    // What a killed program reports is not seen.
    this.failures.length = 0;
    this.begin();
  }

  /** Lets time pass, with what the indexer does meanwhile. */
  async live(milliseconds: number): Promise<void> {
    const end = this.time.now() + milliseconds;
    for (;;) {
      await this.#rest();
      let over = false;
      const stop = this.time.after(Math.max(0, end - this.time.now()), () => {
        over = true;
      });
      const events = this.time.events;
      await this.time.run({ until: () => over || this.time.events > events });
      if (over) return this.#rest();
      stop[Symbol.dispose]();
    }
  }

  async add(
    id: string,
    text: string,
    { stamp = this.time.now(), sender = alice, content = {} as JsonObject, kind = 'text' } = {},
  ): Promise<MessageRecord> {
    this.#sn += 1;
    const message: MessageRecord = {
      ref: refOf({ sender, sn: this.#sn, time: stamp / 1000 }),
      ids: [],
      sender: sender.entity,
      kind,
      content: { type: '1', sn: this.#sn, text, ...content },
      time: stamp,
      arrived: this.time.now(),
      stamp,
    };
    return this.history.change(id, 'person', async (edit) => {
      const added = await edit.add(message);
      this.#log(edit, { ref: added.ref, event: 'added' });
      return added;
    });
  }

  async change(
    id: string,
    ref: string,
    annotations: NonNullable<MessageRecord['annotations']>,
  ): Promise<void> {
    await this.history.change(id, 'person', async (edit) => {
      const before = await edit.message(ref);
      if (before === undefined) return;
      await edit.replace(before, { ...before, annotations });
      this.#log(edit, { ref, event: 'changed' });
    });
  }

  async remove(id: string, ref: string): Promise<void> {
    await this.history.change(id, 'person', async (edit) => {
      const message = await edit.message(ref);
      if (message === undefined) return;
      await edit.remove(message, this.time.now());
      this.#log(edit, { ref, event: 'removed', stamp: message.stamp });
    });
  }

  async find(query: string, options?: SearchOptions): Promise<SearchHit[]> {
    const hits: SearchHit[] = [];
    for await (const hit of this.search.search(query, options)) hits.push(hit);
    return hits;
  }

  #log(
    edit: Parameters<Parameters<History['change']>[2]>[0],
    entry: Parameters<History['log']['write']>[2],
  ): void {
    this.history.log.write(edit.changes, edit.place, entry, this.time.now());
  }

  async #rest(): Promise<void> {
    while (this.#running.length > 0) {
      const running = this.#running;
      this.#running = [];
      await Promise.all(running);
    }
  }
}

function shown(record: MessageRecord): ChatMessage {
  const { ref, sender, time, stamp, arrived, kind, content } = record;
  return {
    ...{ ref, sender, time, stamp, arrived, kind, content },
    senderName: '',
    mine: false,
    text: shownText(record),
    edits: [],
    reactions: [],
    readBy: [],
    mentionsMe: false,
    forwarded: false,
    starred: false,
    pinned: false,
    attachments: [],
  };
}
