import type {
  MessengerService,
  OutgoingRecord,
  Sent,
  ServiceContext,
  ServiceHost,
  ServiceMessage,
  Taken,
} from '@dimp/client';
import { type Random, systemRandom, systemTimers, type Timers } from '@dimp/core';
import type { Content } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { Edit } from '@dimp/extensions/chat';
import {
  type EventSource,
  Events,
  type Handle,
  type JsonObject,
  type Listener,
  LruMap,
  ProtocolError,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import { unlessDamaged } from '../history/damage.ts';
import { History } from '../history/history.ts';
import type { LogReader } from '../history/log.ts';
import { chatLock } from '../history/paths.ts';
import type { Live } from '../live/live.ts';
import { LiveValue } from '../live/live-value.ts';
import type { MergeLimits } from '../merge/rules.ts';
import type {
  Chat,
  ChatsApi,
  IncomingChatMessage,
  ListOptions,
  SearchOptions,
} from '../model/chats.ts';
import type {
  ConversationSummary,
  Retention,
  SearchHit,
  UnreadCounts,
} from '../model/conversation.ts';
import { Account, type ReadMarkPolicy } from './account.ts';
import { ChatHandle } from './chat-handle.ts';
import type { ImportedMessage } from './importing.ts';
import { Incoming } from './incoming.ts';
import { inlineAttachments } from './inline-attachments.ts';
import { Jobs } from './jobs.ts';
import { membersFor } from './members.ts';
import { OwnTyping } from './own-typing.ts';
import { conversationOf } from './place-of.ts';
import type { AttachmentReader, HistoryAccess, MessageSearch } from './plugins.ts';
import { ReadingMarks } from './reading-marks.ts';
import { Sending } from './sending.ts';
import { States } from './states.ts';
import { Taking } from './taking.ts';

/** Options for {@link Chats}. */
export interface ChatsOptions {
  readonly facebook: Facebook;
  /** The user whose conversations these are; the current user at the first use by default. */
  readonly user?: ID;
  /** Whom the user tells how far they have read; `contacts` by default. Who tells nobody is not told either. */
  readonly readMarks?: ReadMarkPolicy;
  /** How long messages are kept in conversations without a rule of their own; for ever by default. */
  readonly retention?: Retention;
  /** Whether {@link Chats.incoming} has messages; true by default. */
  readonly incoming?: boolean;
  readonly limits?: MergeLimits;
  /** Full-text search; without it {@link Chats.search} is not possible. */
  readonly search?: (access: HistoryAccess) => MessageSearch;
  /** Fetches and keeps the files of messages; without it {@link Chat.attachment} reads those that came inside a message. */
  readonly attachments?: (access: HistoryAccess) => AttachmentReader;
  readonly timers?: Timers;
  readonly random?: Random;
}

/** Events of {@link Chats}. */
export interface ChatsEvents {
  /** An author has sent a second, different message under the name of an earlier one. The first stays. */
  conflict: { readonly conversation: string; readonly ref: string };
  /** Background work failed, most likely because of the store; or a stored record is damaged. No message is lost. */
  failed: { readonly error: unknown };
}

/** Conversations in memory; others are opened again. */
const MAX_OPEN = 256;
/** Lists of conversations in memory: a user who looks for a name asks for one with each key. */
const MAX_LISTS = 64;

/** What belongs to the user whose conversations are shown. */
interface Mine {
  readonly account: Account;
  readonly marks: ReadingMarks;
  readonly typing: OwnTyping;
  readonly jobs: Jobs;
  readonly incoming: Incoming;
  readonly attachments: AttachmentReader;
  readonly search: MessageSearch | undefined;
}

/**
 * The conversations of a user, as a service of a messenger: a message is in its conversation in the same batch that marks it as
 * received, or puts it into the outbox.
 *
 * @example
 * ```ts
 * const chats = new Chats({ facebook });
 * const messenger = new Messenger({ facebook, services: [chats] });
 * const chat = await chats.open(hulk.text);
 * await chat.send('Hello!');
 * chat.window().subscribe(({ items }) => show(items));
 * ```
 */
export class Chats implements MessengerService, ChatsApi, EventSource<ChatsEvents> {
  readonly name = 'chats';
  readonly kinds = '*';
  readonly unread: Live<UnreadCounts>;
  readonly searchProgress: Live<{ readonly indexed: number; readonly total: number }>;
  readonly #options: ChatsOptions;
  readonly #timers: Timers;
  readonly #events = new Events<ChatsEvents>({ conflict: true, failed: true });
  readonly #histories = new Map<string, History>();
  readonly #open = new LruMap<string, ChatHandle>(MAX_OPEN);
  readonly #lists = new LruMap<string, LiveValue<readonly ConversationSummary[]>>(MAX_LISTS);
  readonly #taking: Taking;
  readonly #sending: Sending;
  #states: States | undefined;
  #host: ServiceHost | undefined;
  #mine: Promise<Mine> | undefined;
  #listening: Handle[] = [];
  #leads = false;
  #stopped = false;

  constructor(options: ChatsOptions) {
    const { facebook, limits = {}, timers = systemTimers } = options;
    if (!facebook.protocol.contents.types.some(({ kind }) => kind === Edit.kind)) {
      throw new ProtocolError(
        'registry/missing-dependency',
        'the protocol must have the extension chat()',
      );
    }
    this.#options = options;
    this.#timers = timers;
    const parts = { facebook, limits, history: (user: ID) => this.#history(user) };
    this.#taking = new Taking({
      ...parts,
      onTyping: (place, sender, typing) => this.#typing(place, sender, typing),
      onRequest: ({ user }) => {
        void this.#mine?.then(({ account, jobs }) => {
          if (account.user.entity === user) jobs.requested();
        });
      },
      onConflict: ({ id }, ref) => this.#events.emit('conflict', { conversation: id, ref }),
      onMessage: ({ user, id }, { sender }) => this.#typing({ user, id }, sender, false),
    });
    this.#sending = new Sending(parts);
    this.unread = this.#live((mine) => mine.account.list.unread());
    this.searchProgress = new LiveValue({
      ...this.#common(),
      load: async () => (await this.#search()).progress.ready,
      watch: (changed) =>
        this.#later(async () => (await this.#search()).progress.subscribe(() => changed())),
    });
  }

  on<K extends keyof ChatsEvents>(kind: K, listener: Listener<ChatsEvents[K]>): Handle {
    return this.#events.on(kind, listener);
  }

  // Of the messenger

  attach(host: ServiceHost): void {
    this.#host = host;
    this.#states = new States({
      history: (user) => this.#history(user),
      timers: this.#timers,
      background: (task) => host.background(task),
    });
    this.#listening = [
      host.on('delivery', (event) => this.#states?.note(event)),
      host.on('leading', () => this.#lead()),
    ];
  }

  async start(): Promise<void> {
    this.#stopped = false;
    const user = this.#options.user ?? (await this.#options.facebook.currentUser())?.id;
    const host = this.#requireHost();
    if (user === undefined) return;
    host.background(async () => {
      const { jobs, incoming, search } = await this.#get();
      search?.start();
      jobs.soon();
      if (this.#leads) {
        await this.#states?.compare(user, host);
        await incoming.trim();
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const each of this.#listening) each.close();
    // A store that has failed must not keep the rest from being stopped; the next start compares with the outbox.
    await this.#states?.stop().catch((error: unknown) => this.#events.emit('failed', { error }));
    const mine = await this.#mine?.catch(() => undefined);
    if (mine !== undefined) {
      mine.marks.stop();
      mine.incoming.stop();
      await mine.search?.stop();
      await mine.jobs.stop();
    }
    const open = [...this.#open.entries()].map(([, chat]) => chat);
    const lists = [...this.#lists.entries()].map(([, list]) => list);
    const lives = [this.unread, this.searchProgress, ...lists, ...open];
    await Promise.all(lives.map((each) => each.close()));
    mine?.account.close();
    for (const history of this.#histories.values()) history.close();
  }

  locks({
    user,
    envelope,
    content,
  }: Parameters<NonNullable<MessengerService['locks']>>[0]): string[] {
    const conversation = conversationOf(envelope, content, user);
    if (conversation === undefined) return [];
    return [chatLock({ user: user.entity, id: conversation.with.entity })];
  }

  take(message: ServiceMessage, context: ServiceContext): Promise<Taken> {
    return this.#taking.take(message, context);
  }

  sent(record: OutgoingRecord, context: ServiceContext): Promise<Sent> {
    return this.#sending.sent(record, context);
  }

  async extra(content: Content, receiver: ID): Promise<JsonObject> {
    const { group } = content;
    const peer = group ?? receiver;
    const user = await this.#user();
    if (user === undefined || peer.isBroadcast) return membersFor(content, undefined);
    // A damaged record must not keep the user from writing; the message that is sent makes it again.
    const chat = await unlessDamaged(() => this.#history(user).chat(peer.entity));
    return membersFor(content, chat);
  }

  // Of the application

  list(options: ListOptions = {}): Live<readonly ConversationSummary[]> {
    const name = JSON.stringify([options.archived, options.requests, options.named]);
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    const list = this.#live<readonly ConversationSummary[]>(
      (mine) => mine.account.list.list(options),
      (conversations) => conversations,
    );
    this.#lists.set(name, list);
    return list;
  }

  async open(id: string): Promise<Chat> {
    const peer = this.#options.facebook.protocol.parseID(id);
    const { account, ...parts } = await this.#get();
    const known = this.#open.get(peer.entity);
    if (known !== undefined) {
      await known.opened();
      return known;
    }
    const { attachments } = parts;
    const chat = new ChatHandle({
      ...parts,
      account,
      peer,
      attachment: (of, message, options) => attachments.read(of.entity, message, options),
    });
    this.#open.set(peer.entity, chat);
    await chat.opened();
    return chat;
  }

  async *search(query: string, options: SearchOptions = {}): AsyncGenerator<SearchHit> {
    yield* (await this.#search()).search(query, options);
  }

  async *incoming({
    signal,
  }: {
    readonly signal?: AbortSignal;
  } = {}): AsyncGenerator<IncomingChatMessage> {
    yield* (await this.#get()).incoming.messages(signal);
  }

  /**
   * Writes conversations as lines of JSON, to be stored or encrypted by the application.
   *
   * @param options.conversations - IDs; all by default
   */
  async *archive({
    conversations,
  }: {
    readonly conversations?: readonly string[];
  } = {}): AsyncGenerator<string> {
    const { account } = await this.#get();
    const entities = conversations?.map((id) => account.id(id).entity);
    const { archiveLines } = await import('./archive.ts');
    yield* archiveLines(account, entities);
  }

  /**
   * Reads what {@link Chats.archive} has written. What is here stays as it is.
   *
   * @returns how many messages were not here
   * @throws `format/` codes for a line that cannot be read; what was before it is here
   */
  async restore(lines: AsyncIterable<string> | Iterable<string>): Promise<number> {
    const { account } = await this.#get();
    const { restoreLines } = await import('./archive.ts');
    return restoreLines(account, lines);
  }

  /**
   * Puts messages of another history into a conversation, where their time puts them. Those that are here already are left out,
   * so an import that was interrupted can be repeated.
   *
   * @param id - ID of the person or group
   * @returns how many were not here
   * @throws `format/` codes for an ID or a content that cannot be read; the messages before it are imported
   */
  async import(id: string, messages: readonly ImportedMessage[]): Promise<number> {
    const { account } = await this.#get();
    const { importMessages } = await import('./importing.ts');
    return importMessages(account, account.id(id), messages);
  }

  /** Writes states of messages that are not on disk yet, for tests and before a backup. */
  async flush(): Promise<void> {
    await this.#states?.flush();
  }

  #lead(): void {
    this.#leads = true;
    this.#requireHost().background(async () => {
      if ((await this.#user()) === undefined) return;
      const { jobs, incoming, search, account } = await this.#get();
      incoming.lead();
      search?.start();
      jobs.soon();
      await this.#states?.compare(account.user, this.#requireHost());
    });
  }

  #typing({ user, id }: { user: string; id: string }, sender: string | ID, typing: boolean): void {
    const entity = typeof sender === 'string' ? sender : sender.entity;
    void this.#mine?.then(({ account }) => {
      if (account.user.entity === user) account.typists.note(id, entity, typing);
    });
  }

  #history(user: ID): History {
    const known = this.#histories.get(user.entity);
    if (known !== undefined) return known;
    const { facebook, incoming = true, search, random = systemRandom } = this.#options;
    const readers: LogReader[] = [];
    if (incoming) readers.push('incoming');
    if (search !== undefined) readers.push('index');
    const history = new History({
      store: facebook.store,
      user: user.entity,
      clock: facebook.clock,
      random,
      readers,
      onDamaged: (error) => this.#events.emit('failed', { error }),
    });
    this.#histories.set(user.entity, history);
    return history;
  }

  /** What belongs to the user. @throws `identity/not-found` while there is none; `state/stopped` */
  #get(): Promise<Mine> {
    if (this.#stopped) return Promise.reject(stopped());
    this.#mine ??= this.#make().catch((error: unknown) => {
      this.#mine = undefined;
      throw error;
    });
    return this.#mine;
  }

  async #make(): Promise<Mine> {
    const { facebook, limits = {}, readMarks = 'contacts', retention } = this.#options;
    const host = this.#requireHost();
    const user = await this.#user();
    if (user === undefined) {
      throw new ProtocolError('identity/not-found', 'this machine has no user yet');
    }
    const history = this.#history(user);
    const { timers, onFailure } = this.#common();
    const account = new Account({
      facebook,
      user,
      history,
      host,
      timers,
      limits,
      readMarks,
      onFailure,
    });
    const access: HistoryAccess = {
      facebook,
      history,
      timers,
      leads: () => this.#leads,
      background: (task) => host.background(task),
      view: (id, records) => account.view(account.id(id), records),
    };
    const attachments = this.#options.attachments?.(access) ?? inlineAttachments(history);
    history.on('dropped', ({ messages }) => {
      host.background(async () => {
        for (const each of messages) await attachments.forget?.(each);
      });
    });
    const incoming = new Incoming(account);
    if (this.#leads) incoming.lead();
    return {
      account,
      marks: new ReadingMarks(account),
      typing: new OwnTyping(account),
      jobs: new Jobs(account, retention, () => this.#leads),
      incoming,
      attachments,
      search: this.#options.search?.(access),
    };
  }

  async #user(): Promise<ID | undefined> {
    const { user, facebook } = this.#options;
    return user ?? (await this.#mine)?.account.user ?? (await facebook.currentUser())?.id;
  }

  async #search(): Promise<MessageSearch> {
    const { search } = await this.#get();
    if (search === undefined) {
      throw new ProtocolError('state/not-ready', 'this program has no search index');
    }
    return search;
  }

  /** A live value made of the list of conversations. */
  #live<T>(
    load: (mine: Mine) => Promise<T>,
    elements?: (value: T) => readonly unknown[],
  ): LiveValue<T> {
    return new LiveValue<T>({
      ...this.#common(),
      load: async () => load(await this.#get()),
      watch: (changed) => this.#later(async () => (await this.#get()).account.list.watch(changed)),
      ...(elements === undefined ? {} : { elements }),
    });
  }

  /** Watches something that has to be opened first. */
  #later(watch: () => Promise<() => void>): () => void {
    let ended = false;
    let stop: (() => void) | undefined;
    watch().then(
      (watching) => {
        if (ended) watching();
        else stop = watching;
      },
      // The value itself reports it.
      () => undefined,
    );
    return () => {
      ended = true;
      stop?.();
    };
  }

  #common(): { readonly timers: Timers; readonly onFailure: (error: unknown) => void } {
    return {
      timers: this.#timers,
      onFailure: (error) => {
        if (!this.#stopped) this.#events.emit('failed', { error });
      },
    };
  }

  #requireHost(): ServiceHost {
    if (this.#host === undefined) {
      throw new ProtocolError('state/not-ready', 'chats must be a service of a messenger');
    }
    return this.#host;
  }
}

function stopped(): ProtocolError<'state/stopped'> {
  return new ProtocolError('state/stopped', 'the messenger is closed');
}
