import { isWaiting, type Timers, type Waiting } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { isAhead, isCommand, isMessageID, messageID, waitOf } from '@dimp/endpoint';
import {
  definedOnly,
  isProtocolError,
  type JsonObject,
  ownMember,
  ProtocolError,
  rethrowOurFault,
  stringifyJson,
} from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { StationContact } from '../connection/station-contact.ts';
import type { Acceptance } from './acceptance.ts';
import type { DeferredArea, DeferredMessage } from './deferred.ts';
import { DeferredMessages } from './deferred-messages.ts';
import type { DeferredStore } from './deferred-store.ts';
import type { EvidenceReaders } from './evidence.ts';
import { Intake, type IntakeParts, type Way } from './intake.ts';
import { type MessageOpener, type OpenedMessage, refusalOf } from './message-opener.ts';
import { type Accepted, NOTHING, type Received, together } from './received.ts';
import { Turns } from './turns.ts';
import type { UnopenedMessages } from './unopened.ts';
import { variantName, variantOf } from './variants.ts';

/** Options for {@link Receiver}. */
export interface ReceiverParts extends Omit<IntakeParts, 'receive' | 'skip'> {
  readonly opener: MessageOpener;
  readonly unopened: UnopenedMessages;
  readonly acceptance: Acceptance;
  readonly evidence: EvidenceReaders;
  /**
   * `suspended`: messages whose sender or group is not known, by entity. `early`: messages that wait for the one before
   * them, by its name. `ahead`: messages from the future, by sender.
   */
  readonly stores: Readonly<Record<DeferredArea, DeferredStore>>;
  readonly timers: Timers;
  /** How long a message waits for the one before it, in milliseconds since its arrival. */
  readonly orderTimeout: number;
  readonly ask: (missing: Waiting) => Promise<void>;
  /** Sends the answers to messages that a timer has released. */
  readonly later: (accepted: Accepted) => Promise<void>;
  readonly onRefused: (error: ProtocolError, sender: ID | undefined) => void;
  readonly onDeferred: (message: DeferredMessage) => void;
}

/** Options for {@link Receiver.receive}. */
export interface ReceiveOptions {
  /** The station whose connection the message came over. */
  readonly via?: StationContact;
  /**
   * Aborted if the message cannot be stored. No later message with the same guard is then received, because they must come
   * again behind it.
   */
  readonly guard?: AbortController;
}

/**
 * Receives messages: each once, in the order in which their sender wrote them, and on disk before they are confirmed.
 */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #intake: Intake;
  readonly #deferred: DeferredMessages;
  readonly #turns: Turns;

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    const { stores, timers, orderTimeout, ask, memory, facebook, store, onDeferred } = parts;
    this.#turns = new Turns(facebook.store, store);
    this.#intake = new Intake({
      ...parts,
      receive: (message, way) => this.#receive(message, way),
      skip: (id, { envelope, user }) => this.#skip(id, envelope.sender, user),
    });
    this.#deferred = new DeferredMessages({
      stores,
      timers,
      clock: facebook.clock,
      orderTimeout,
      ask,
      onDeferred,
      readID: facebook.protocol.parseID,
      isSeen: (id) => memory.has(id),
      receive: (text, late) => this.#receive(text, { again: true, late }),
      later: async (task) => parts.later(await this.#inTurn(task)),
    });
  }

  /** Receives a message. A refusal is reported, not thrown, because other messages follow. */
  receive(text: string, { via, guard }: ReceiveOptions = {}): Promise<Accepted> {
    const message = this.#parseAhead(text);
    return this.#inTurn(() => this.#receive(text, definedOnly({ via, message })), guard);
  }

  /** Receives the messages that waited for a meta or a member list of an entity. */
  release(entity: EntityKey): Promise<Accepted> {
    return this.#inTurn(() => this.#deferred.release('suspended', entity));
  }

  /** See {@link DeferredMessages.restore}. */
  restore(oldest: number): Promise<Accepted> {
    return this.#inTurn(() => this.#deferred.restore(oldest));
  }

  /** See {@link DeferredMessages.tend}. */
  tend(oldest: number): Promise<Accepted> {
    return this.#inTurn(() => this.#deferred.tend(oldest));
  }

  /** See {@link DeferredMessages.list}. */
  deferred(): Promise<readonly DeferredMessage[]> {
    return this.#deferred.list();
  }

  /** Asks again for what messages wait for. */
  askAgain(): Promise<void> {
    return this.#deferred.askAgain();
  }

  /** Resolves when all messages received so far are processed. */
  async idle(): Promise<void> {
    await this.#turns.idle();
  }

  stop(): void {
    this.#deferred.stop();
  }

  /** Receives in turn, and starts the handlers when everything is on disk. */
  async #inTurn(task: () => Promise<Received>, guard?: AbortController): Promise<Accepted> {
    const { inbox } = this.#parts;
    const { kind, answers, items } = await this.#turns.run(task, guard);
    const handled = items.map((item) => inbox.handle(item));
    return { isFull: kind === 'no-room', answers, handled };
  }

  /**
   * Parses a message and begins to verify it, while earlier ones are processed. What is wrong with it is found again in its
   * turn.
   */
  #parseAhead(text: string): ReliableMessage | undefined {
    const { facebook, opener, memory } = this.#parts;
    try {
      const message = facebook.protocol.parseMessage(text);
      opener.verifyAhead(message, () => memory.has(messageID(message)));
      return message;
    } catch {
      return undefined;
    }
  }

  /** Receives a message. A failure of our own store is thrown, because the message must come again. */
  async #receive(input: string | JsonObject, way: Way): Promise<Received> {
    let message: ReliableMessage | undefined;
    let user: ID | undefined;
    try {
      message =
        way.message ?? parseOrRefuse(() => this.#parts.facebook.protocol.parseMessage(input));
      const id = messageID(message);
      const evidence = await this.#readEvidence(id, message, input, way);
      if (evidence !== undefined) return evidence;
      const duplicate = await this.#answerDuplicate(id, message, way);
      if (duplicate !== undefined) return duplicate;
      user = (await this.#parts.facebook.selectLocalUser(message.envelope.receiver))?.id;
      return await this.#open(id, message, user, input, way);
    } catch (error) {
      rethrowOurFault(error);
      return this.#refuse(error, message, user, input, way);
    }
  }

  /** @returns undefined for a message that has not been received yet */
  async #answerDuplicate(
    id: string,
    message: ReliableMessage,
    { silent, again }: Way,
  ): Promise<Received | undefined> {
    const { memory, receipts } = this.#parts;
    const seen = await memory.get(id);
    if (seen !== undefined) return silent ? NOTHING : receipts.again(id, seen, message.signature);
    if (again) return undefined;
    return (await this.#deferred.has(id, () => variantName(message))) ? NOTHING : undefined;
  }

  /** Opens a message, defers it if something is missing, and processes it. */
  async #open(
    id: string,
    message: ReliableMessage,
    user: ID | undefined,
    input: string | JsonObject,
    way: Way,
  ): Promise<Received> {
    const { neverForgotten } = this.#parts;
    const opened = await this.#openIfRoom(message, user);
    if (isWaiting(opened)) return this.#suspend(opened, message, input, way);
    // The replay memory may have forgotten its record.
    if (!opened.timeTrusted && (await neverForgotten.has(id))) return NOTHING;
    const isKnown = await this.#isKnown(opened);
    const before = way.late ? undefined : await this.#missingPredecessor(opened, id, isKnown);
    if (before !== undefined && way.depth === undefined) {
      return this.#defer('early', before, message, input);
    }
    const received = await this.#intake.process(id, opened, way);
    // Messages behind a stranger's message must not show whether that one could be opened.
    if (received.kind === 'no-room' || !(isKnown || opened.proven)) return received;
    return together([received, await this.#deferred.release('early', id)]);
  }

  /** Stores a message until a meta or a member list has arrived, and asks for it. */
  async #suspend(
    missing: Waiting,
    message: ReliableMessage,
    input: string | JsonObject,
    { silent }: Way,
  ): Promise<Received> {
    // A question about the author would show a stranger that their forward can be read.
    if (silent)
      throw new ProtocolError('policy/unauthorized', 'the message was forwarded by a stranger');
    const deferred = await this.#defer('suspended', missing.id.entity, message, input);
    await this.#parts.ask(missing);
    return deferred;
  }

  /** Reports why a message is refused, and decides whether it comes again. */
  async #refuse(
    error: ProtocolError,
    message: ReliableMessage | undefined,
    user: ID | undefined,
    input: string | JsonObject,
    way: Way,
  ): Promise<Received> {
    const { opener, onRefused } = this.#parts;
    const { sender } = message?.envelope ?? {};
    const ahead = isAhead(error);
    // A message from the future is reported once.
    if (!ahead || !way.again) onRefused(error, sender);
    // Our own clock may be the wrong one.
    if (ahead && message !== undefined && sender !== undefined && !way.silent) {
      return this.#defer('ahead', sender.entity, message, input, waitOf(error));
    }
    if (isProtocolError(error, 'policy/rate-limited')) {
      return { ...NOTHING, kind: 'no-room' };
    }
    if (message === undefined || way.silent || !opener.wasVerified(error)) return NOTHING;
    if (opener.contradictsEnvelope(error)) return NOTHING;
    return this.#skip(messageID(message), message.envelope.sender, user);
  }

  #isKnown({ user, envelope }: OpenedMessage): Promise<boolean> {
    return this.#parts.acceptance.has(user, envelope.sender);
  }

  /** @returns undefined for a message that is not evidence */
  async #readEvidence(
    id: string,
    message: ReliableMessage,
    input: string | JsonObject,
    way: Way,
  ): Promise<Received | undefined> {
    const { evidence, opener, services } = this.#parts;
    const { forwarder, again } = way;
    // A message that was deferred may have come in a forward.
    const isForService =
      (forwarder !== undefined || again === true) && services.isEvidence(message);
    if (!isForService && (forwarder === undefined || !evidence.hasReaders)) return undefined;
    let opened: OpenedMessage | Waiting;
    try {
      opened = await opener.openEvidence(message);
    } catch (error) {
      // A message that cannot be read as evidence may be an ordinary one.
      rethrowOurFault(error);
      return undefined;
    }
    if (isForService) {
      if (!isWaiting(opened)) return this.#intake.processEvidence(id, opened, message, way);
      return this.#suspend(opened, message, input, way);
    }
    if (isWaiting(opened) || forwarder === undefined) return undefined;
    return (await evidence.read(opened, forwarder)) ? NOTHING : undefined;
  }

  /**
   * Opens a message. While there is no room for messages of strangers, theirs must come again unless they are proven,
   * whether they can be opened or not.
   *
   * @throws `policy/rate-limited`, and the codes of `MessageOpener.open`
   */
  async #openIfRoom(
    message: ReliableMessage,
    user: ID | undefined,
  ): Promise<OpenedMessage | Waiting> {
    const { opener } = this.#parts;
    const isCrowded = await this.#isCrowded(message, user);
    let opened: OpenedMessage | Waiting;
    try {
      opened = await opener.open(message, user);
    } catch (error) {
      throw isCrowded && opener.wasVerified(error) ? noRoom() : error;
    }
    if (isCrowded && !isWaiting(opened) && !opened.proven) throw noRoom();
    return opened;
  }

  /** Whether there is no room for a message because its sender is a stranger. */
  async #isCrowded(
    { envelope, broadcast }: ReliableMessage,
    user: ID | undefined,
  ): Promise<boolean> {
    const { inbox, acceptance } = this.#parts;
    if (broadcast || user === undefined || !inbox.isFullForStrangers) return false;
    return !(await acceptance.has(user, envelope.sender));
  }

  /**
   * A message of a known sender cannot be read: the messages that follow it are released, and later ones do not wait.
   */
  async #skip(id: string, sender: ID, user: ID | undefined): Promise<Received> {
    const { acceptance, unopened } = this.#parts;
    if (user === undefined || !(await acceptance.has(user, sender))) return NOTHING;
    await unopened.add(sender, id);
    return this.#deferred.release('early', id);
  }

  /** Stores a message until something has arrived. */
  #defer(
    area: DeferredArea,
    key: string,
    message: ReliableMessage,
    input: string | JsonObject,
    wait?: number,
  ): Promise<Received> {
    const text = typeof input === 'string' ? input : stringifyJson(input);
    const sender = message.envelope.sender.text;
    const name = messageID(message);
    // An unopened message may be a changed copy, which must not keep the genuine one out.
    const id = area === 'suspended' ? variantOf(name, variantName(message)) : name;
    const due = wait === undefined ? {} : { due: this.#parts.facebook.clock.now() + wait };
    return this.#deferred.add(area, { key, id, text, sender, ...due });
  }

  /** Returns the message before this one, if its sender names one that has not come. */
  async #missingPredecessor(
    { content, envelope }: OpenedMessage,
    id: string,
    isKnown: boolean,
  ): Promise<string | undefined> {
    const { memory, unopened } = this.#parts;
    const after = ownMember(content.wire, 'after');
    if (isCommand(content) || !isMessageID(after) || after === id) return undefined;
    const before = await memory.get(after);
    // Later messages must not show a stranger whether this one could be opened.
    if (before !== undefined && (isKnown || !before.unproven)) return undefined;
    return isKnown && (await unopened.has(envelope.sender, after)) ? undefined : after;
  }
}

function noRoom(): ProtocolError {
  return new ProtocolError(
    'policy/rate-limited',
    'the inbox is full: the application does not read its messages',
  );
}

function parseOrRefuse<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}
