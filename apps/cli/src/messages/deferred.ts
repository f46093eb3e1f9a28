import type { DeferredMessage, DeferredReason, Messenger } from '@dimp/client';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import type { AppProtocol } from '../account/protocol.ts';
import type { People } from '../people/people.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';
import { clockText } from './incoming.ts';

/** Limit for the reports to people, one for each sender and reason: any peer can send messages that wait. */
const MAX_REPORTED = 50;

/** Reasons in words. */
const WAITS_FOR: Readonly<Record<DeferredReason, string>> = {
  order: 'the message before it',
  identity: 'the identity of its sender',
  members: 'the member list of its group',
  clock: 'its time by the clock of this machine',
};

/** Reports messages that have arrived but cannot be shown yet. */
export class DeferredMessages implements AsyncDisposable {
  readonly #messenger: Pick<Messenger<AppProtocol>, 'on' | 'deferred'>;
  readonly #people: People;
  readonly #output: Output;
  readonly #reported = new Set<string>();
  readonly #listening: Disposable;
  /** Reports messages in the order of their arrival. */
  #turn: Promise<void> = Promise.resolve();

  /** Starts to listen. */
  constructor(
    messenger: Pick<Messenger<AppProtocol>, 'on' | 'deferred'>,
    people: People,
    output: Output,
  ) {
    this.#messenger = messenger;
    this.#people = people;
    this.#output = output;
    this.#listening = messenger.on('deferred', (message) => {
      this.#turn = this.#turn.then(() => this.#report(message)).catch((error) => this.#fail(error));
    });
  }

  /** Reports all messages that are already waiting. @throws `store/` codes */
  async reportAll(): Promise<void> {
    for (const message of await this.#messenger.deferred()) await this.#report(message);
  }

  /** Writes each waiting message as a result. */
  async show(): Promise<void> {
    const messages = await this.#messenger.deferred();
    for (const message of messages) {
      const { facts, line } = await this.#shown(message);
      this.#output.result('deferred', facts, line);
    }
    if (messages.length === 0) this.#output.note('no messages are waiting');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening[Symbol.dispose]();
    await this.#turn;
  }

  async #report(message: DeferredMessage): Promise<void> {
    const { facts, line } = await this.#shown(message);
    const kind = `${message.reason} ${message.sender?.entity ?? ''}`;
    const isNew = !this.#reported.has(kind) && this.#reported.size < MAX_REPORTED;
    if (isNew) this.#reported.add(kind);
    this.#output.event('deferred', facts, isNew ? line : '');
  }

  async #shown({ id, sender, reason, since, until }: DeferredMessage): Promise<{
    readonly facts: JsonObject;
    readonly line: string;
  }> {
    const facts: JsonObject = {
      id,
      from: sender === undefined ? undefined : await this.#people.facts(sender),
      reason,
      since: since / 1000,
      until: until === undefined ? undefined : until / 1000,
    };
    // The sender of a message that waits for an identity is not verified.
    const who =
      sender === undefined
        ? ''
        : reason === 'identity'
          ? ` that claims to be from ${oneLine(sender.text)}`
          : ` from ${await this.#people.label(sender)}`;
    const end = until === undefined ? '' : `, until ${clockText(until / 1000)} at the latest`;
    const line = `a message${who} has been waiting for ${WAITS_FOR[reason]} since ${clockText(since / 1000)}${end}`;
    return { facts, line };
  }

  #fail(error: unknown): void {
    const code = isProtocolError(error) ? error.code : 'internal';
    this.#output.event('problem', { code }, `a waiting message cannot be shown [${code}]`);
  }
}
