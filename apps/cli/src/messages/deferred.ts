import type { DeferredMessage, DeferredReason, Messenger } from '@dimp/client';
import { isProtocolError, type JsonObject } from '@dimp/foundation';
import type { AppProtocol } from '../account/protocol.ts';
import type { People } from '../people/people.ts';
import type { Output } from '../terminal/output.ts';
import { oneLine } from '../terminal/text.ts';
import { clockText } from './incoming.ts';

/** Kinds of waiting messages that people are told of, by sender and reason: anybody can make messages wait. */
const MAX_TOLD = 50;

/** What a message waits for, in words. */
const WAITS_FOR: Readonly<Record<DeferredReason, string>> = {
  order: 'the message before it',
  identity: 'the identity of its sender',
  members: 'the member list of its group',
  clock: 'its time by the clock of this machine',
};

/** Tells of messages that have come and cannot be shown yet, so that nobody takes waiting for silence. */
export class DeferredMessages implements AsyncDisposable {
  readonly #messenger: Pick<Messenger<AppProtocol>, 'on' | 'deferred'>;
  readonly #people: People;
  readonly #output: Output;
  readonly #told = new Set<string>();
  readonly #listening: Disposable;
  /** Told in the order in which they come. */
  #turn: Promise<void> = Promise.resolve();

  /** Listens from now on. */
  constructor(
    messenger: Pick<Messenger<AppProtocol>, 'on' | 'deferred'>,
    people: People,
    output: Output,
  ) {
    this.#messenger = messenger;
    this.#people = people;
    this.#output = output;
    this.#listening = messenger.on('deferred', (message) => {
      this.#turn = this.#turn.then(() => this.#tell(message)).catch((error) => this.#fail(error));
    });
  }

  /** Tells of all that wait already. @throws `store/` codes */
  async tellAll(): Promise<void> {
    for (const message of await this.#messenger.deferred()) await this.#tell(message);
  }

  /** Shows each message that waits, as a result. */
  async show(): Promise<void> {
    const messages = await this.#messenger.deferred();
    for (const message of messages) {
      const { facts, line } = await this.#shown(message);
      this.#output.result('deferred', facts, line);
    }
    if (messages.length === 0) this.#output.note('no message waits');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening[Symbol.dispose]();
    await this.#turn;
  }

  async #tell(message: DeferredMessage): Promise<void> {
    const { facts, line } = await this.#shown(message);
    const kind = `${message.reason} ${message.sender?.entity ?? ''}`;
    const isNew = !this.#told.has(kind) && this.#told.size < MAX_TOLD;
    if (isNew) this.#told.add(kind);
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
    // Nobody has verified who has sent what waits for an identity.
    const who =
      sender === undefined
        ? ''
        : reason === 'identity'
          ? ` that says it is from ${oneLine(sender.text)}`
          : ` from ${await this.#people.label(sender)}`;
    const end = until === undefined ? '' : `, until ${clockText(until / 1000)} at the latest`;
    const line = `a message${who} waits for ${WAITS_FOR[reason]} since ${clockText(since / 1000)}${end}`;
    return { facts, line };
  }

  #fail(error: unknown): void {
    const code = isProtocolError(error) ? error.code : 'internal';
    this.#output.event('problem', { code }, `a waiting message cannot be shown [${code}]`);
  }
}
