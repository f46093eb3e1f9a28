import { isWaiting, type Timers, type Waiting } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { isAhead, isCommand, isMessageID, messageID, waitOf } from '@dimp/endpoint';
import {
  isProtocolError,
  type JsonObject,
  ownMember,
  ProtocolError,
  stringifyJson,
} from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { StationContact } from '../messenger/station-contact.ts';
import type { Acceptance } from './acceptance.ts';
import { NOTHING, type Received, together } from './answer.ts';
import type { DeferredMessage, Room } from './deferred.ts';
import { DeferredMessages, type Taken } from './deferred-messages.ts';
import type { DeferredStore } from './deferred-store.ts';
import type { EvidenceReaders } from './evidence.ts';
import { Intake, type IntakeParts, type Way } from './intake.ts';
import { type MessageOpener, type OpenedMessage, refusalOf } from './message-opener.ts';
import type { UnopenedMessages } from './unopened.ts';
import { variantName, variantOf } from './variants.ts';

/** What a {@link Receiver} is made of. */
export interface ReceiverParts extends Omit<IntakeParts, 'take'> {
  readonly opener: MessageOpener;
  readonly unopened: UnopenedMessages;
  readonly acceptance: Acceptance;
  readonly evidence: EvidenceReaders;
  /**
   * `suspended`: messages whose sender or group is not known yet, by entity. `early`: messages that have overtaken another
   * one, by its name. `ahead`: messages from the future, by sender.
   */
  readonly rooms: Readonly<Record<Room, DeferredStore>>;
  readonly timers: Timers;
  /** How long a message waits for the one before it, in milliseconds since its arrival. */
  readonly orderTimeout: number;
  readonly ask: (missing: Waiting) => Promise<void>;
  /** Sends what came of a message that was released by the clock. */
  readonly later: (received: Received) => Promise<void>;
  readonly onRefused: (error: ProtocolError, sender: ID | undefined) => void;
  readonly onDeferred: (message: DeferredMessage) => void;
}

/**
 * Takes messages in: each once, in the order in which their sender wrote them, and on disk before anybody is told.
 */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #intake: Intake;
  readonly #waiting: DeferredMessages;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    const { rooms, timers, orderTimeout, ask, memory, facebook, onDeferred } = parts;
    this.#intake = new Intake({ ...parts, take: (message, way) => this.#take(message, way) });
    this.#waiting = new DeferredMessages({
      rooms,
      timers,
      clock: facebook.clock,
      orderTimeout,
      ask,
      onDeferred,
      readID: facebook.protocol.parseID,
      isSeen: (id) => memory.has(id),
      take: (text, late) => this.#take(text, { again: true, late }),
      later: async (task) => parts.later(await this.#inTurn(task)),
    });
  }

  /**
   * Takes in a message as it was received. What is wrong with it is reported, not thrown: others come behind it.
   *
   * @param via - the station whose connection it came over
   */
  receive(text: string, via?: StationContact): Promise<Received> {
    return this.#inTurn(() => this.#take(text, via === undefined ? {} : { via }));
  }

  /** Something of an entity has arrived: what waited for it is taken in. */
  release(entity: EntityKey): Promise<Received> {
    return this.#inTurn(() => this.#waiting.takeUp('suspended', entity));
  }

  /** See {@link DeferredMessages.restore}. */
  restore(oldest: number): Promise<Received> {
    return this.#inTurn(() => this.#waiting.restore(oldest));
  }

  /** See {@link DeferredMessages.tend}. */
  tend(oldest: number): Promise<Received> {
    return this.#inTurn(() => this.#waiting.tend(oldest));
  }

  /** See {@link DeferredMessages.list}. */
  deferred(): Promise<readonly DeferredMessage[]> {
    return this.#waiting.list();
  }

  /** Asks again for what messages wait for. */
  askAgain(): Promise<void> {
    return this.#waiting.askAgain();
  }

  /** Resolves when all that was received so far has been taken in. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  stop(): void {
    this.#waiting.stop();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #take(input: string | JsonObject, way: Way): Promise<Taken> {
    let message: ReliableMessage | undefined;
    try {
      message = refusing(() => this.#parts.facebook.protocol.parseMessage(input));
      return await this.#takeMessage(message, input, way);
    } catch (error) {
      // A store that fails is our own trouble: the message must come again.
      if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
      const { sender } = message?.envelope ?? {};
      const ahead = isAhead(error);
      // Once is enough.
      if (!ahead || !way.again) this.#parts.onRefused(error, sender);
      // The clock that is wrong may be ours.
      if (ahead && message !== undefined && sender !== undefined && !way.silent) {
        return this.#wait('ahead', sender.entity, message, input, waitOf(error));
      }
      if (isProtocolError(error, 'policy/rate-limited')) return { ...NOTHING, noRoom: true };
      const { opener } = this.#parts;
      if (message === undefined || !opener.wasVerified(error)) return NOTHING;
      if (opener.contradictsEnvelope(error)) return NOTHING;
      return way.silent ? NOTHING : this.#passOver(message);
    }
  }

  async #takeMessage(
    message: ReliableMessage,
    input: string | JsonObject,
    way: Way,
  ): Promise<Taken> {
    const { memory, neverForgotten, receipts, ask } = this.#parts;
    const evidence = await this.#readEvidence(message, way);
    if (evidence) return NOTHING;
    const id = messageID(message);
    const seen = await memory.get(id);
    if (seen !== undefined)
      return way.silent ? NOTHING : receipts.again(id, seen, message.signature);
    if (!way.again && (await this.#waiting.has(id, () => variantName(message)))) return NOTHING;
    const opened = await this.#open(message);
    if (isWaiting(opened)) {
      // To ask who wrote what a stranger has forwarded would tell that stranger that the forward can be read.
      if (way.silent) throw new ProtocolError('policy/unauthorized', 'forwarded by a stranger');
      const taken = await this.#wait('suspended', opened.id.entity, message, input);
      await ask(opened);
      return taken;
    }
    // Its record was forgotten, it was not.
    if (!opened.timeTrusted && (await neverForgotten.has(id))) return NOTHING;
    const isKnown = await this.#isKnown(opened);
    const before = way.late ? undefined : await this.#missingPredecessor(opened, id, isKnown);
    if (before !== undefined && way.depth === undefined) {
      return this.#wait('early', before, message, input);
    }
    const received = await this.#intake.process(id, opened, way);
    // What waits behind a stranger's message must not show whether that one could be opened.
    if (received.noRoom || !(isKnown || opened.proven)) return received;
    return together([received, await this.#waiting.takeUp('early', id)]);
  }

  #isKnown({ user, envelope }: OpenedMessage): Promise<boolean> {
    return this.#parts.acceptance.has(user, envelope.sender);
  }

  /** @returns whether a message in a forward was what somebody has asked for */
  async #readEvidence(message: ReliableMessage, { forwarder }: Way): Promise<boolean> {
    const { evidence, opener } = this.#parts;
    if (forwarder === undefined || !evidence.anybody) return false;
    try {
      const opened = await opener.openEvidence(message);
      return !isWaiting(opened) && (await evidence.read(opened, forwarder));
    } catch (error) {
      // What cannot be read as evidence may be a message.
      if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
      return false;
    }
  }

  /**
   * Opens a message. While there is no room for messages of strangers, theirs come again unless they are proven: whether
   * they can be opened or not, so that it does not show.
   *
   * @throws `policy/rate-limited`, and the codes of `MessageOpener.open`
   */
  async #open(message: ReliableMessage): Promise<OpenedMessage | Waiting> {
    const { opener } = this.#parts;
    const isCrowded = await this.#isCrowded(message);
    let opened: OpenedMessage | Waiting;
    try {
      opened = await opener.open(message);
    } catch (error) {
      throw isCrowded && opener.wasVerified(error) ? noRoom() : error;
    }
    if (isCrowded && !isWaiting(opened) && !opened.proven) throw noRoom();
    return opened;
  }

  /** Whether there is no room for a message because a stranger has sent it. */
  async #isCrowded({ envelope, broadcast }: ReliableMessage): Promise<boolean> {
    const { application, acceptance, facebook } = this.#parts;
    if (broadcast || !application.isFullForStrangers) return false;
    const local = await facebook.selectLocalUser(envelope.receiver);
    return local !== undefined && !(await acceptance.has(local.id, envelope.sender));
  }

  /** A message of somebody whom we know cannot be read: those that wait for it are taken in, those behind it do not wait. */
  async #passOver(message: ReliableMessage): Promise<Received> {
    const { acceptance, facebook, unopened } = this.#parts;
    const { sender, receiver } = message.envelope;
    const local = await facebook.selectLocalUser(receiver);
    if (local === undefined || !(await acceptance.has(local.id, sender))) return NOTHING;
    const id = messageID(message);
    await unopened.add(sender, id);
    return this.#waiting.takeUp('early', id);
  }

  #wait(
    room: Room,
    key: string,
    message: ReliableMessage,
    input: string | JsonObject,
    wait?: number,
  ): Promise<Taken> {
    const text = typeof input === 'string' ? input : stringifyJson(input);
    const sender = message.envelope.sender.text;
    const name = messageID(message);
    // What has not been opened may be a changed copy, which must not keep the genuine one out.
    const id = room === 'suspended' ? variantOf(name, variantName(message)) : name;
    const due = wait === undefined ? {} : { due: this.#parts.facebook.clock.now() + wait };
    return this.#waiting.add(room, { key, id, text, sender, ...due });
  }

  /** The message before this one, if its sender names one that has not come. */
  async #missingPredecessor(
    { content, envelope }: OpenedMessage,
    id: string,
    isKnown: boolean,
  ): Promise<string | undefined> {
    const { memory, unopened } = this.#parts;
    const after = ownMember(content.wire, 'after');
    if (isCommand(content) || !isMessageID(after) || after === id) return undefined;
    const before = await memory.get(after);
    // A stranger must not see by what comes behind it whether a message could be opened.
    if (before !== undefined && (isKnown || !before.unproven)) return undefined;
    return isKnown && (await unopened.has(envelope.sender, after)) ? undefined : after;
  }
}

function noRoom(): ProtocolError {
  return new ProtocolError('policy/rate-limited', 'nobody takes messages out of the inbox');
}

function refusing<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refusalOf(error);
  }
}
