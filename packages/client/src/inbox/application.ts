import type { Content, Draft } from '@dimp/dkd';
import { answersTo, isCommand, unsupportedReceipt } from '@dimp/endpoint';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Processors } from '../processing/processors.ts';
import type { Handled } from './answer.ts';
import type { Inbox, InboxChange, InboxItem, IncomingMessage } from './inbox.ts';
import { UnhandledQueue } from './unhandled-queue.ts';

/** A message that handlers failed on so often is given up. */
const MAX_FAILURES = 3;

/** What an {@link Application} reports. */
export interface ApplicationReports {
  /** A handler failed; the message comes again at the next start, at most three times. */
  readonly onHandlerFailed: (message: IncomingMessage, error: unknown) => void;
  readonly onUnhandled: (message: IncomingMessage) => void;
}

/** The application's side of the inbox: its handlers, and its iteration over what they leave. */
export class Application {
  readonly queue: UnhandledQueue;
  readonly #inbox: Inbox;
  readonly #processors: Processors;
  readonly #reports: ApplicationReports;
  readonly #isContact: (user: ID, sender: ID) => Promise<boolean>;
  readonly #mayAnswer: (message: IncomingMessage) => Promise<boolean>;
  /** Handlers of one sender's messages run one after the other. */
  readonly #lanes = new Map<EntityKey, Promise<unknown>>();

  constructor(
    inbox: Inbox,
    processors: Processors,
    reports: ApplicationReports,
    isContact: (user: ID, sender: ID) => Promise<boolean>,
    mayAnswer: (message: IncomingMessage) => Promise<boolean>,
  ) {
    this.#inbox = inbox;
    this.#isContact = isContact;
    this.#mayAnswer = mayAnswer;
    this.#processors = processors;
    this.#reports = reports;
    this.queue = new UnhandledQueue((item) => inbox.done(item));
  }

  /** Whether the application may want a content: its kind is known, or somebody looks at whatever comes. */
  takes(content: Content): boolean {
    if (this.#processors.handles(content.kind)) return true;
    return !isCommand(content) && (content.kind !== 'unknown' || this.queue.opened);
  }

  item(message: IncomingMessage): InboxItem {
    return this.#inbox.item(message);
  }

  /** The change that keeps a message until the application has done with it. */
  change(item: InboxItem): InboxChange {
    return this.#inbox.change(item);
  }

  /** Changes have been written. */
  written(changes: readonly InboxChange[]): void {
    for (const change of changes) this.#inbox.count(change);
  }

  /**
   * Whether there is no room for messages of strangers. To be asked before such a message is opened: whether it comes again
   * must not depend on whether it can be opened.
   */
  get isFullForStrangers(): boolean {
    return this.#inbox.isFullForStrangers;
  }

  /** @throws `policy/rate-limited` if there is no room for messages of their sender */
  async admit([first]: readonly InboxItem[]): Promise<void> {
    if (first === undefined) return;
    const { user, envelope } = first.message;
    this.#inbox.checkRoom((await this.#isContact(user, envelope.sender)) ? 1 : 0.5);
  }

  /** Gives a message to its handlers, or to the iteration. */
  take(item: InboxItem): Promise<Handled> {
    const { entity } = item.message.envelope.sender;
    const before = this.#lanes.get(entity) ?? Promise.resolve();
    const turn = before.then(() => this.#handle(item));
    const settled = turn.catch(() => undefined);
    this.#lanes.set(entity, settled);
    void settled.then(() => {
      if (this.#lanes.get(entity) === settled) this.#lanes.delete(entity);
    });
    return turn;
  }

  /** Resolves when all handlers have come to an end. */
  async idle(): Promise<void> {
    await Promise.all(this.#lanes.values());
  }

  async #handle(item: InboxItem): Promise<Handled> {
    const { message } = item;
    const { sender, receiver } = message.envelope;
    const failed = (error: unknown): Promise<void> => this.#failed(item, error);
    let drafts: readonly Draft[];
    let left = false;
    try {
      drafts = await this.#processors.run(message, () => {
        left = true;
      });
    } catch (error) {
      await failed(error);
      return { answers: [], done: async () => {}, failed };
    }
    if (left && isCommand(message.content) && (await this.#mayAnswer(message))) {
      drafts = [...drafts, unsupportedReceipt(message.envelope, message.content, undefined)];
    }
    const answers = answersTo(sender, receiver, message.user, drafts);
    if (!left) return { answers, done: () => this.#inbox.done(item), failed };
    await this.#leave(item);
    // Middleware may have answered all the same; what becomes of that does not concern the message any more.
    return { answers, done: async () => {}, failed: async (error) => this.#report(item, error) };
  }

  async #failed(item: InboxItem, error: unknown): Promise<void> {
    this.#report(item, error);
    if (item.failures + 1 >= MAX_FAILURES) await this.#inbox.done(item);
    else await this.#inbox.failed(item);
  }

  #report({ message }: InboxItem, error: unknown): void {
    this.#reports.onHandlerFailed(message, error);
  }

  /** Commands speak to programs: nobody is shown one that no handler knows. */
  async #leave(item: InboxItem): Promise<void> {
    if (!isCommand(item.message.content)) return this.queue.push(item);
    await this.#inbox.done(item);
    this.#reports.onUnhandled(item.message);
  }
}
