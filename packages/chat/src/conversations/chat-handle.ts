import type { Draft } from '@dimp/dkd';
import { ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { isAfter, newChat } from '../history/chat-record.ts';
import type { ConversationEdit } from '../history/conversation-edit.ts';
import type { MessageRecord } from '../history/message-record.ts';
import { CHATS } from '../history/paths.ts';
import type { Live } from '../live/live.ts';
import { LiveValue } from '../live/live-value.ts';
import type {
  AttachmentOptions,
  Chat,
  MessagesOptions,
  SendChatOptions,
  SentMessage,
  WindowHandle,
  WindowPlace,
} from '../model/chats.ts';
import type { ConversationSummary, DraftText, Retention } from '../model/conversation.ts';
import type { ChatMessage } from '../model/message.ts';
import type { Account } from './account.ts';
import { Actions } from './actions.ts';
import { block } from './blocking.ts';
import { clearChat } from './clearing.ts';
import type { Jobs } from './jobs.ts';
import { markRead } from './mark-read.ts';
import type { OwnTyping } from './own-typing.ts';
import type { ReadingMarks } from './reading-marks.ts';
import { removeMessages } from './removing.ts';
import { summaryOf } from './summary.ts';
import { ChatWindow, DEFAULT_SIZE } from './window.ts';

/** Options for {@link ChatHandle}. */
export interface ChatParts {
  readonly account: Account;
  readonly peer: ID;
  readonly marks: ReadingMarks;
  readonly typing: OwnTyping;
  readonly jobs: Jobs;
  /** Reads the bytes of a file. */
  readonly attachment: (
    peer: ID,
    message: MessageRecord,
    options: AttachmentOptions,
  ) => Promise<Blob>;
}

/** One conversation of the user. */
export class ChatHandle implements Chat {
  readonly id: string;
  readonly summary: Live<ConversationSummary>;
  readonly typists: Live<readonly string[]>;
  readonly pinned: Live<readonly ChatMessage[]>;
  readonly #parts: ChatParts;
  readonly #actions: Actions;
  readonly #windows = new Set<ChatWindow>();

  constructor(parts: ChatParts) {
    this.#parts = parts;
    const { account, peer } = parts;
    this.id = peer.entity;
    this.#actions = new Actions(account, peer);
    const { timers, onFailure } = account.parts;
    const common = { timers, onFailure };
    this.summary = new LiveValue<ConversationSummary>({
      ...common,
      load: () => this.#summary(),
      watch: (changed) => this.#watch(changed, (area) => area === CHATS),
    });
    this.typists = new LiveValue<readonly string[]>({
      ...common,
      load: async () => account.typists.of(this.id),
      watch: (changed) => account.typists.watch(this.id, changed),
    });
    this.pinned = new LiveValue<readonly ChatMessage[]>({
      ...common,
      load: () => this.#pinned(),
      watch: (changed) => this.#watch(changed, () => true),
      elements: (messages) => messages,
    });
  }

  window({
    at = 'newest',
    size = DEFAULT_SIZE,
  }: {
    readonly at?: WindowPlace;
    readonly size?: number;
  } = {}): WindowHandle {
    const { account, peer } = this.#parts;
    const { timers, onFailure } = account.parts;
    const window = new ChatWindow({
      history: account.history,
      id: this.id,
      at,
      size,
      view: (records) => account.view(peer, records),
      watchNames: (changed) => account.watchNames(changed),
      timers,
      onFailure,
    });
    this.#windows.add(window);
    return window;
  }

  async message(ref: string): Promise<ChatMessage | undefined> {
    const record = await this.#history.message(this.id, ref);
    return record === undefined ? undefined : this.#view(record);
  }

  async *messages(options: MessagesOptions = {}): AsyncGenerator<ChatMessage> {
    for await (const record of this.#history.messages(this.id, options)) {
      const shown = await this.#view(record);
      if (shown !== undefined) yield shown;
    }
  }

  async send(content: string | Draft, options: SendChatOptions = {}): Promise<SentMessage> {
    this.#parts.typing.ended(this.#parts.peer);
    return this.#actions.send(content, options);
  }

  reply(ref: string, content: string | Draft): Promise<SentMessage> {
    return this.send(content, { replyTo: ref });
  }

  async forward(ref: string, to: string): Promise<SentMessage> {
    return this.#actions.forward(ref, this.#parts.account.id(to));
  }

  edit(ref: string, text: string): Promise<void> {
    return this.#actions.edit(ref, text);
  }

  recall(ref: string): Promise<void> {
    return this.#actions.recall(ref);
  }

  react(ref: string, emojis: readonly string[]): Promise<void> {
    return this.#actions.react(ref, emojis);
  }

  vote(ref: string, options: readonly string[]): Promise<void> {
    return this.#actions.vote(ref, options);
  }

  closePoll(ref: string): Promise<void> {
    return this.#actions.closePoll(ref);
  }

  pinMessage(ref: string, on: boolean): Promise<void> {
    return this.#actions.pinMessage(ref, on);
  }

  async star(ref: string, on: boolean): Promise<void> {
    await this.#change(async (edit) => {
      const message = await edit.message(ref);
      if (message === undefined) throw notHere();
      const { starred, ...rest } = message;
      if ((starred ?? false) !== on)
        await edit.replace(message, on ? { ...rest, starred: on } : rest);
    });
  }

  moderate(ref: string, { reason }: { readonly reason?: string } = {}): Promise<void> {
    return this.#actions.moderate(ref, reason);
  }

  remove(refs: readonly string[]): Promise<void> {
    return removeMessages(this.#parts.account, this.#parts.peer, refs);
  }

  retry(ref: string): Promise<void> {
    return this.#actions.retry(ref);
  }

  async markRead(ref?: string): Promise<void> {
    const { account, peer, marks } = this.#parts;
    if (await markRead(account, peer, ref)) marks.note(peer);
  }

  async markUnread(): Promise<void> {
    await this.#set({ markedUnread: true });
  }

  typing(what: 'text' | 'voice' | 'file' = 'text'): void {
    this.#parts.typing.note(this.#parts.peer, what);
  }

  async setDraft(draft: DraftText | undefined): Promise<void> {
    await this.#set({
      draft: draft?.text === '' && draft.replyTo === undefined ? undefined : draft,
    });
  }

  async pin(on: boolean): Promise<void> {
    await this.#set({ pinned: on ? this.#history.clock.now() : undefined });
  }

  async archive(on: boolean): Promise<void> {
    await this.#set({ archived: on || undefined });
  }

  async mute(until: number | undefined): Promise<void> {
    if (until !== undefined && !(until > 0)) {
      throw new RangeError('until must be a time in milliseconds, or Infinity');
    }
    await this.#set({ mutedUntil: until === Number.POSITIVE_INFINITY ? 0 : until });
  }

  setTimer(seconds: number): Promise<void> {
    return this.#actions.setTimer(seconds);
  }

  async setRetention(retention: Retention | undefined): Promise<void> {
    for (const limit of [retention?.days, retention?.messages]) {
      if (limit !== undefined && !(limit > 0)) throw new RangeError('a limit must be above 0');
    }
    await this.#set({ retention });
    this.#parts.jobs.soon();
  }

  async clear(): Promise<void> {
    await clearChat(this.#parts.account, this.#parts.peer);
    this.#parts.jobs.soon();
  }

  async accept(): Promise<void> {
    const { account, peer } = this.#parts;
    await this.#set({ request: undefined, accepted: true });
    if (!peer.isGroup) await account.parts.host.accept(peer, { user: account.user });
  }

  block(on: boolean): Promise<void> {
    return block(this.#parts.account, this.#parts.peer, on);
  }

  async attachment(ref: string, options: AttachmentOptions = {}): Promise<Blob> {
    const message = await this.#history.message(this.id, ref);
    if (message === undefined) throw notHere();
    return this.#parts.attachment(this.#parts.peer, message, options);
  }

  /** Messages that came with a time before the read mark are no longer news. */
  async opened(): Promise<void> {
    const chat = await this.#history.chat(this.id);
    if (chat !== undefined && chat.missed > 0) await this.#set({ missed: 0 });
  }

  async close(): Promise<void> {
    const lives = [this.summary, this.typists, this.pinned, ...this.#windows];
    await Promise.all(lives.map((live) => live.close()));
  }

  get #history(): Account['history'] {
    return this.#parts.account.history;
  }

  async #view(record: MessageRecord): Promise<ChatMessage | undefined> {
    const { account, peer } = this.#parts;
    const [shown] = await account.view(peer, [record]);
    return shown;
  }

  async #summary(): Promise<ConversationSummary> {
    const { account, peer } = this.#parts;
    const chat = (await this.#history.chat(this.id)) ?? newChat(account.kindOf(peer));
    return summaryOf(this.id, chat, (entity) => account.names.of(entity));
  }

  async #pinned(): Promise<ChatMessage[]> {
    const { account, peer } = this.#parts;
    const chat = await this.#history.chat(this.id);
    const records: MessageRecord[] = [];
    for (const ref of chat?.pins ?? []) {
      const record = await this.#history.message(this.id, ref);
      if (record !== undefined) records.push(record);
    }
    records.sort((a, b) => (isAfter(a, b) ? 1 : -1));
    return account.view(peer, records);
  }

  async #set(change: Parameters<ConversationEdit['set']>[0]): Promise<void> {
    await this.#change(async (edit) => edit.set(change));
  }

  #change<T>(task: (edit: ConversationEdit) => Promise<T>): Promise<T> {
    const { account, peer } = this.#parts;
    return this.#history.change(this.id, account.kindOf(peer), task);
  }

  #watch(changed: () => void, test: (area: string) => boolean): () => void {
    const { account } = this.#parts;
    const listening = this.#history.on('changed', ({ keys }) => {
      const ours = keys.some(
        ([area, user, id]) =>
          area === undefined || (user === account.user.entity && id === this.id && test(area)),
      );
      if (ours) changed();
    });
    const stop = account.watchNames(changed);
    return () => {
      listening.close();
      stop();
    };
  }
}

function notHere(): ProtocolError {
  return new ProtocolError('identity/not-found', 'the message must be in the conversation');
}
