import type { Chat, ChatMessage, MessageState, WindowHandle } from '@dimp/chat';
import type { ID } from '@dimp/mkm';
import { protocol } from '../account/protocol.ts';
import type { People } from '../people/people.ts';
import type { MessageView } from './message-view.ts';

/** Messages of a conversation whose changes are shown. */
const WINDOW_SIZE = 200;
/** Marks of the state of the newest own message, in the prompt. */
const MARKS: Readonly<Record<MessageState, string>> = {
  waiting: ' …',
  queued: ' …',
  sent: ' ✓',
  delivered: ' ✓',
  received: ' ✓✓',
  read: ' ✓✓ read',
  failed: ' ✗',
};

/** What an {@link OpenConversation} tells. */
export interface ConversationListener {
  /** The newest own message has another state, or somebody begins or stops typing. */
  readonly onStatus: () => void;
  /** Those who type have changed. */
  readonly onTyping: (typists: readonly ID[]) => void;
  readonly onError: (error: unknown) => void;
  /** Resolves when no typed message is being sent: those are shown already. */
  readonly sent: () => Promise<void>;
}

/** The conversation that a chat writes to: shows what changes in it, and marks it as read. */
export class OpenConversation {
  readonly id: ID;
  readonly chat: Chat;
  readonly #window: WindowHandle;
  readonly #people: People;
  readonly #view: MessageView;
  readonly #listener: ConversationListener;
  readonly #stops: (() => void)[] = [];
  #known = new Map<string, ChatMessage>();
  #typists: readonly ID[] = [];
  #newestOwn: ChatMessage | undefined;
  /** Changes are shown in their order. */
  #turn: Promise<void> = Promise.resolve();

  constructor(chat: Chat, people: People, view: MessageView, listener: ConversationListener) {
    this.id = protocol.parseID(chat.id);
    this.chat = chat;
    this.#people = people;
    this.#view = view;
    this.#listener = listener;
    this.#window = chat.window({ at: 'newest', size: WINDOW_SIZE });
  }

  /** Begins to follow the conversation. @returns the messages that are in it */
  async open(): Promise<readonly ChatMessage[]> {
    const { items } = await this.#window.ready;
    this.#take(items, false);
    this.#stops.push(
      this.#window.subscribe((window) => this.#take(window.items, true)),
      this.chat.typists.subscribe((typists) => {
        if (typists.length === 0 && this.#typists.length === 0) return;
        this.#typists = typists.map((id) => protocol.parseID(id));
        this.#listener.onTyping(this.#typists);
        this.#listener.onStatus();
      }),
    );
    return items;
  }

  /** State of the newest own message, and whether somebody types, for the prompt. */
  get mark(): string {
    const { state } = this.#newestOwn ?? {};
    const typing = this.#typists.length > 0 ? ' (types)' : '';
    return `${state === undefined ? '' : MARKS[state]}${typing}`;
  }

  /** The newest message that fits. */
  newest(fits: (message: ChatMessage) => boolean): ChatMessage | undefined {
    return [...this.#known.values()].filter(fits).at(-1);
  }

  /** Tells others that everything is read. */
  markRead(): void {
    this.chat.markRead().catch((error: unknown) => this.#listener.onError(error));
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) stop();
    await this.#window.close().catch(() => undefined);
    await this.#turn;
  }

  #take(items: readonly ChatMessage[], shows: boolean): void {
    const before = this.#known;
    this.#known = new Map(items.map((each) => [each.ref, each]));
    this.#newestOwn = items.filter(({ mine }) => mine).at(-1);
    if (!shows) return;
    for (const message of items) {
      const old = before.get(message.ref);
      if (old !== message) this.#show(old, message);
    }
    this.#listener.onStatus();
  }

  #show(before: ChatMessage | undefined, message: ChatMessage): void {
    this.#turn = this.#turn
      .then(async () => {
        if (before !== undefined) {
          await this.#view.showChange(before, message, this.id, this.#people);
          return;
        }
        if (message.mine) await this.#listener.sent();
        const isNew = await this.#view.showNew(message, this.id, this.#people);
        if (isNew && !message.mine) this.markRead();
      })
      .catch((error: unknown) => this.#listener.onError(error));
  }
}
