import { systemTimers, type Timers } from '@dimp/core';
import { ProtocolError } from '@dimp/foundation';
import type { DimClient, Me, SessionState } from '../../src/client/dim-client.ts';
import { LiveValue } from '../../src/live/live-value.ts';
import type { Chat, IncomingChatMessage, WindowHandle } from '../../src/model/chats.ts';
import type { ConversationSummary, MessageWindow } from '../../src/model/conversation.ts';
import type { ChatMessage } from '../../src/model/message.ts';

/** A value that a test sets. */
export class Settable<T> {
  readonly live: LiveValue<T>;
  #value: T;
  readonly #changed = new Set<() => void>();

  constructor(value: T, timers: Timers = systemTimers) {
    this.#value = value;
    this.live = new LiveValue<T>({
      load: async () => this.#value,
      watch: (changed) => {
        this.#changed.add(changed);
        return () => this.#changed.delete(changed);
      },
      elements: (each) => {
        const { items } = Object(each) as { readonly items?: unknown };
        return Array.isArray(each) ? each : Array.isArray(items) ? items : [];
      },
      timers,
    });
  }

  /** How often it is watched: at most once, by its live value. */
  get watchers(): number {
    return this.#changed.size;
  }

  get value(): T {
    return this.#value;
  }

  set(value: T): void {
    this.#value = value;
    for (const changed of this.#changed) changed();
  }
}

export function messageOf(ref: string, more: Partial<ChatMessage> = {}): ChatMessage {
  return {
    ref,
    sender: 'hulk@4YeVEN3aUnvC1DNUufCq1bs9zoBSJTzVEj',
    senderName: 'Hulk',
    mine: false,
    time: 1,
    stamp: 1,
    arrived: 1,
    kind: 'text',
    content: { type: 1, text: ref },
    text: ref,
    edits: [],
    reactions: [],
    readBy: [],
    mentionsMe: false,
    forwarded: false,
    starred: false,
    pinned: false,
    attachments: [],
    ...more,
  };
}

export function summaryOf(
  id: string,
  more: Partial<ConversationSummary> = {},
): ConversationSummary {
  return {
    id,
    kind: 'person',
    name: id,
    unread: 0,
    mentions: 0,
    markedUnread: false,
    missed: 0,
    pinned: false,
    archived: false,
    blocked: false,
    timer: 0,
    ...more,
  };
}

/** A client in memory that notes what is called, with real live values. */
export class FakeClient {
  readonly calls: (readonly [path: string, ...args: unknown[]])[] = [];
  readonly me: Settable<Me>;
  readonly session: Settable<SessionState>;
  readonly conversations: Settable<readonly ConversationSummary[]>;
  readonly page: Settable<MessageWindow>;
  /** Incoming messages that were asked for and are finished. */
  readonly finished: string[] = [];
  openWindows = 0;
  /** What `send` does. */
  send: (content: unknown) => Promise<{ ref: string; leftOut: readonly string[] }> = async () => ({
    ref: 'sent',
    leftOut: [],
  });
  attachment: Chat['attachment'] = async () => new Blob(['file']);
  search: readonly string[] = [];
  /** Ends `incoming` when it is aborted only. */
  incoming: readonly string[] = [];
  readonly client: DimClient;
  readonly #timers: Timers;

  constructor(timers: Timers = systemTimers) {
    this.#timers = timers;
    this.me = new Settable<Me>(
      { id: 'me', name: 'Moki', fingerprint: 'x'.repeat(22), locked: false },
      timers,
    );
    this.session = new Settable<SessionState>({ state: 'online', waiting: 0 }, timers);
    this.conversations = new Settable<readonly ConversationSummary[]>([], timers);
    this.page = new Settable<MessageWindow>(
      { items: [], hasOlder: false, hasNewer: false },
      timers,
    );
    this.client = this.#make();
  }

  #call(path: string): (...args: unknown[]) => Promise<void> {
    return async (...args) => {
      this.calls.push([path, ...args]);
    };
  }

  #make(): DimClient {
    const empty = <T>(value: T) => new Settable(value, this.#timers).live;
    const fake = this;
    return {
      me: this.me.live,
      session: this.session.live,
      storage: empty({ used: 1 }),
      problems: empty([]),
      chats: {
        list: () => this.conversations.live,
        unread: empty({ messages: 0, conversations: 0, mentions: 0, requests: 0 }),
        open: async (id) => {
          if (id === 'nobody') throw new ProtocolError('format/field', 'id must be an ID');
          return this.#chat(id);
        },
        async *search() {
          for (const ref of fake.search) {
            yield { conversation: 'hulk', message: messageOf(ref), ranges: [[0, 1]] as const };
          }
        },
        searchProgress: empty({ indexed: 0, total: 0 }),
        async *incoming(options): AsyncGenerator<IncomingChatMessage> {
          for (const ref of fake.incoming) {
            yield { conversation: 'hulk', message: messageOf(ref), notify: true };
            fake.finished.push(ref);
          }
          await new Promise<void>((resolve) => {
            options?.signal?.addEventListener('abort', () => resolve());
          });
          fake.finished.push('end');
        },
      },
      contacts: {
        list: empty([]),
        get: async () => undefined,
        add: async (id) => ({ id, name: id, blocked: false }),
        rename: this.#call('contacts.rename'),
        remove: this.#call('contacts.remove'),
        block: this.#call('contacts.block'),
        link: async () => 'dim:contact',
        safetyNumber: async () => '1',
        links: async () => [],
        revokeLink: this.#call('contacts.revokeLink'),
        verificationCode: async () => 'dim:verify',
        verify: this.#call('contacts.verify'),
        unverify: this.#call('contacts.unverify'),
      },
      lock: this.#call('lock'),
      unlock: async () => {
        throw new ProtocolError('crypto/passphrase', 'the passphrase is wrong', {
          details: { attempt: 1 },
        });
      },
      close: this.#call('close'),
    };
  }

  #chat(id: string): Chat {
    const call = (name: string) => this.#call(`chat.${name}`);
    const sent = async (...args: unknown[]) => {
      this.calls.push(['chat.send', ...args]);
      return this.send(args[0]);
    };
    return {
      id,
      summary: new Settable(summaryOf(id), this.#timers).live,
      typists: new Settable<readonly string[]>([], this.#timers).live,
      pinned: new Settable<readonly ChatMessage[]>([], this.#timers).live,
      window: (options) => this.#window(options),
      message: async (ref) => messageOf(ref),
      async *messages() {
        for (let count = 0; count < 300; count++) yield messageOf(`m${count}`);
      },
      send: sent,
      reply: sent,
      forward: sent,
      edit: call('edit'),
      recall: call('recall'),
      react: call('react'),
      vote: call('vote'),
      closePoll: call('closePoll'),
      pinMessage: call('pinMessage'),
      star: call('star'),
      moderate: call('moderate'),
      remove: call('remove'),
      retry: call('retry'),
      markRead: call('markRead'),
      markUnread: call('markUnread'),
      typing: (what) => void this.calls.push(['chat.typing', what]),
      setDraft: call('setDraft'),
      pin: call('pin'),
      archive: call('archive'),
      mute: call('mute'),
      setTimer: call('setTimer'),
      setRetention: call('setRetention'),
      clear: call('clear'),
      accept: call('accept'),
      block: call('block'),
      attachment: (ref, options) => this.attachment(ref, options),
    };
  }

  #window(options: unknown): WindowHandle {
    if (JSON.stringify(options)?.includes('"size":-1'))
      throw new RangeError('size must be positive');
    this.openWindows += 1;
    const live = new Settable(this.page.value, this.#timers);
    const stop = this.page.live.subscribe((value) => live.set(value));
    return Object.assign(live.live, {
      older: this.#call('window.older'),
      newer: this.#call('window.newer'),
      jump: this.#call('window.jump'),
      close: async () => {
        stop();
        this.openWindows -= 1;
      },
    });
  }
}
