import type { Content, Draft } from '@dimp/dkd';
import { answersTo, isCommand, unsupportedReceipt } from '@dimp/endpoint';
import type { EntityKey, ID } from '@dimp/mkm';
import type { IncomingMessage } from '../messages/incoming-message.ts';
import type { InboxChange, InboxItem, InboxStore } from './inbox-store.ts';
import type { Processors } from './processors.ts';
import type { Handled } from './received.ts';
import { UnhandledQueue } from './unhandled-queue.ts';

/** After this many failed handler runs, a message is given up. */
const MAX_FAILURES = 3;

/** Options for {@link Inbox}. */
export interface InboxOptions {
  readonly store: InboxStore;
  readonly processors: Processors;
  readonly isContact: (user: ID, sender: ID) => Promise<boolean>;
  /** Whether the sender of a message may learn anything about it. */
  readonly mayAnswer: (message: IncomingMessage) => Promise<boolean>;
  /** Called when a handler fails. The message comes again at the next start, at most three times. */
  readonly onHandlerFailed: (message: IncomingMessage, error: unknown) => void;
  /** Called for a command without a handler. */
  readonly onUnhandled: (message: IncomingMessage) => void;
}

/** Keeps accepted messages on disk until the application's handlers, or its iteration, are done with them. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #store: InboxStore;
  readonly #unhandled: UnhandledQueue;
  /** Per sender: the handlers of one sender's messages run one after the other. */
  readonly #running = new Map<EntityKey, Promise<unknown>>();

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#store = options.store;
    this.#unhandled = new UnhandledQueue((item) => options.store.done(item));
  }

  /** Whether the application may want a content: it has a handler for its kind, or iterates over messages. */
  takes(content: Content): boolean {
    if (this.#options.processors.handles(content.kind)) return true;
    return !isCommand(content) && (content.kind !== 'unknown' || this.#unhandled.opened);
  }

  /**
   * Whether there is no room for messages of strangers. The receiver asks before it opens such a message: whether the
   * message comes again must not depend on whether it can be opened.
   */
  get isFullForStrangers(): boolean {
    return this.#store.isFullForStrangers;
  }

  /** Gives a message its place in the inbox. It is not written yet. */
  newItem(message: IncomingMessage): InboxItem {
    return this.#store.newItem(message);
  }

  /** Gives the answers of a service to a message their place. They stay in the inbox until they are safe. */
  newAnswers(message: IncomingMessage, answers: readonly Content[]): InboxItem {
    return this.#store.newItem(message, answers);
  }

  /** @throws `policy/rate-limited` if there is no room for messages of their sender */
  async checkRoom([first]: readonly InboxItem[]): Promise<void> {
    if (first === undefined) return;
    const { user, envelope } = first.message;
    const isContact = await this.#options.isContact(user, envelope.sender);
    this.#store.checkRoom(isContact ? 1 : 0.5);
  }

  /** The store change that puts a message into the inbox. */
  change(item: InboxItem): InboxChange {
    return this.#store.change(item);
  }

  /** Counts messages whose changes are being written. */
  count(changes: readonly InboxChange[]): void {
    for (const change of changes) this.#store.count(change);
  }

  /** Messages could not be written. */
  uncount(changes: readonly InboxChange[]): void {
    for (const { key } of changes) this.#store.uncount(key[1]);
  }

  /** Messages that were accepted and are not done, in order of arrival; those of other tabs too. */
  pending(): AsyncIterable<InboxItem> {
    return this.#store.list();
  }

  /** Runs the handlers for a message, after those for earlier messages of its sender. */
  handle(item: InboxItem): Promise<Handled> {
    const { entity } = item.message.envelope.sender;
    const before = this.#running.get(entity) ?? Promise.resolve();
    const outcome = before.then(() => this.#handle(item));
    const settled = outcome.catch(() => undefined);
    this.#running.set(entity, settled);
    void settled.then(() => {
      if (this.#running.get(entity) === settled) this.#running.delete(entity);
    });
    return outcome;
  }

  /** Removes a message whose answers are safe. */
  async finish(handled: Handled): Promise<void> {
    if (handled.kind === 'answered') await this.#store.done(handled.item);
  }

  /** Records that the answers of a message cannot be sent. */
  async failAnswers({ kind, item }: Handled, error: unknown): Promise<void> {
    if (kind === 'answered') await this.#fail(item, error);
    // The message itself has been passed on.
    else this.#options.onHandlerFailed(item.message, error);
  }

  /** The messages that no handler takes. Asking for the next one says that the one before is done. */
  messages(signal?: AbortSignal): AsyncGenerator<IncomingMessage> {
    return this.#unhandled.messages(signal);
  }

  /** Removes a message that the application got from {@link messages}. */
  done(id: string): Promise<void> {
    return this.#unhandled.done(id);
  }

  /** Resolves when no handler is running. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  /** Ends all iterations. */
  stop(): void {
    this.#unhandled.stop();
  }

  async #handle(item: InboxItem): Promise<Handled> {
    const { message } = item;
    const { envelope, content, user } = message;
    if (item.answers !== undefined) {
      const answers = answersTo(envelope.sender, envelope.receiver, user, item.answers);
      return { kind: 'answered', item, answers };
    }
    let drafts: readonly Draft[];
    let isHandled = true;
    try {
      drafts = await this.#options.processors.run(message, () => {
        isHandled = false;
      });
    } catch (error) {
      await this.#fail(item, error);
      return { kind: 'failed', item };
    }
    if (!isHandled && isCommand(content) && (await this.#options.mayAnswer(message))) {
      drafts = [...drafts, unsupportedReceipt(envelope, content, undefined)];
    }
    const answers = answersTo(envelope.sender, envelope.receiver, user, drafts);
    if (isHandled) return { kind: 'answered', item, answers };
    await this.#passOn(item);
    return { kind: 'unhandled', item, answers };
  }

  async #fail(item: InboxItem, error: unknown): Promise<void> {
    this.#options.onHandlerFailed(item.message, error);
    if (item.failures + 1 >= MAX_FAILURES) await this.#store.done(item);
    else await this.#store.failed(item);
  }

  /** Commands speak to programs: one without a handler is not shown to the user. */
  async #passOn(item: InboxItem): Promise<void> {
    if (!isCommand(item.message.content)) return this.#unhandled.push(item);
    await this.#store.done(item);
    this.#options.onUnhandled(item.message);
  }
}
