import {
  isWaiting,
  type Store,
  type StoreChange,
  type Timers,
  type Waiting,
  withLock,
} from '@dimp/core';
import type { Content, Draft, ReliableMessage } from '@dimp/dkd';
import {
  isProtocolError,
  type JsonObject,
  ownMember,
  ProtocolError,
  stringifyJson,
} from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import type { Facebook } from '../facebook/facebook.ts';
import { isMessageID, messageID } from '../messenger/message-id.ts';
import type { StationContact } from '../messenger/station-contact.ts';
import {
  type ArrayBody,
  type ForwardBody,
  receiptDraft,
  unsupported,
  unsupportedReceipt,
} from '../processing/bodies.ts';
import type { Commands } from '../processing/commands.ts';
import { expectsReceipt, isCommand } from '../processing/content-kinds.ts';
import { OncePer } from '../processing/once.ts';
import { answersTo, type Handled, NOTHING, type Received, together } from './answer.ts';
import type { Application } from './application.ts';
import type { DeferredMessage, Room } from './deferred.ts';
import { isAhead } from './freshness.ts';
import type { InboxItem } from './inbox.ts';
import type { OpenedMessage, Opener } from './opener.ts';
import type { ReplayMemory, SeenMessage } from './replay-memory.ts';
import type { WaitingRoom } from './waiting-room.ts';
import { type Taken, WaitingRooms } from './waiting-rooms.ts';

/** What a {@link Receiver} is made of. */
export interface ReceiverParts {
  readonly facebook: Facebook;
  readonly store: Store;
  readonly opener: Opener;
  readonly memory: ReplayMemory;
  /**
   * `suspended`: messages whose sender or group is not known yet, by entity. `early`: messages that have overtaken another
   * one, by its name. `ahead`: messages from the future, by sender.
   */
  readonly rooms: Readonly<Record<Room, WaitingRoom>>;
  readonly commands: Commands;
  readonly application: Application;
  readonly timers: Timers;
  /** How long a message waits for the one before it, in milliseconds since its arrival. */
  readonly orderTimeout: number;
  readonly ask: (missing: Waiting) => Promise<void>;
  /** Packs answers of one message into messages, for a forward. */
  readonly pack: (received: Received) => Promise<readonly JsonObject[]>;
  /** Sends what came of a message that was released by the clock. */
  readonly later: (received: Received) => Promise<void>;
  readonly onRefused: (error: ProtocolError, sender: ID | undefined) => void;
  readonly onUnhandled: (message: OpenedMessage) => void;
  readonly onDeferred: (message: DeferredMessage) => void;
}

/** Forwards inside forwards at most (spec §14.7 no. 7). */
const MAX_DEPTH = 4;
/** Messages inside one forward at most. */
const MAX_FORWARDED = 64;
/** A receipt is repeated for a repeated message, but not more often than this, in milliseconds. */
const REPEAT_INTERVAL = 1000;

/** How a message has come. */
interface Way {
  /** In so many forwards. */
  readonly depth?: number;
  /** It has waited here for something. */
  readonly again?: boolean;
  /** The message before it will not be waited for any longer. */
  readonly late?: boolean;
  /** The station whose connection it came over, just now and by itself. */
  readonly via?: StationContact;
}

/**
 * Takes messages in: each once, in the order in which their sender wrote them, and on disk before anybody is told.
 */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #repeated: OncePer;
  readonly #waiting: WaitingRooms;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    const { rooms, timers, orderTimeout, ask, memory, facebook, onDeferred } = parts;
    this.#repeated = new OncePer(facebook.clock, REPEAT_INTERVAL);
    this.#waiting = new WaitingRooms({
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

  /** See {@link WaitingRooms.restore}. */
  restore(oldest: number): Promise<Received> {
    return this.#inTurn(() => this.#waiting.restore(oldest));
  }

  /** See {@link WaitingRooms.tend}. */
  tend(oldest: number): Promise<Received> {
    return this.#inTurn(() => this.#waiting.tend(oldest));
  }

  /** See {@link WaitingRooms.list}. */
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
      message = this.#parts.facebook.protocol.parseMessage(input);
      return await this.#takeMessage(message, input, way);
    } catch (error) {
      // A store that fails is our own trouble: the message must come again.
      if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
      const { sender } = message?.envelope ?? {};
      const ahead = isAhead(error);
      // Once is enough.
      if (!ahead || !way.again) this.#parts.onRefused(error, sender);
      // The clock that is wrong may be ours.
      if (ahead && message !== undefined && sender !== undefined) {
        return this.#wait('ahead', sender.entity, message, input);
      }
      return isProtocolError(error, 'policy/rate-limited') ? { ...NOTHING, noRoom: true } : NOTHING;
    }
  }

  async #takeMessage(
    message: ReliableMessage,
    input: string | JsonObject,
    way: Way,
  ): Promise<Taken> {
    const { memory, opener, ask } = this.#parts;
    const id = messageID(message);
    const seen = await memory.get(id);
    if (seen !== undefined) return this.#repeat(id, seen, message.signature);
    if (!way.again && (await this.#waiting.has(id))) return NOTHING;
    const opened = await opener.open(message);
    if (isWaiting(opened)) {
      const taken = await this.#wait('suspended', opened.id.entity, message, input);
      await ask(opened);
      return taken;
    }
    const before = way.late ? undefined : await this.#missingPredecessor(opened.content, id);
    if (before !== undefined && way.depth === undefined) {
      return this.#wait('early', before, message, input);
    }
    const received = await this.#process(id, opened, way);
    if (received.noRoom) return received;
    return together([received, await this.#waiting.takeUp('early', id)]);
  }

  #wait(
    room: Room,
    key: string,
    message: ReliableMessage,
    input: string | JsonObject,
  ): Promise<Taken> {
    const text = typeof input === 'string' ? input : stringifyJson(input);
    const sender = message.envelope.sender.text;
    return this.#waiting.add(room, { key, id: messageID(message), text, sender });
  }

  /** The message before this one, if its sender names one that has not come. */
  async #missingPredecessor(content: Content, id: string): Promise<string | undefined> {
    const after = ownMember(content.wire, 'after');
    if (isCommand(content) || !isMessageID(after) || after === id) return undefined;
    return (await this.#parts.memory.has(after)) ? undefined : after;
  }

  /** It was taken in before, but its sender seems not to know. */
  async #repeat(id: string, seen: SeenMessage, signature: Uint8Array): Promise<Received> {
    const { receipt } = seen;
    if (receipt === undefined || !this.#repeated.pass(id)) return NOTHING;
    const { sender, receiver } = receipt.envelope;
    const local = await this.#parts.facebook.selectLocalUser(receiver);
    if (local === undefined) return NOTHING;
    const { text = RECEIVED, envelope, content } = receipt;
    const draft = receiptDraft(text, envelope, content, signature);
    return { answers: answersTo(sender, receiver, local.id, [draft]), handled: [] };
  }

  async #process(id: string, opened: OpenedMessage, { depth = 0, via }: Way): Promise<Received> {
    const { memory, facebook, application } = this.#parts;
    const { envelope, content, user, signature } = opened;
    const arrived = facebook.clock.now();
    const parts = contentsOf(content);
    const forwarded = parts.flatMap(messagesOf);
    if (forwarded.length > MAX_FORWARDED) throw tooMuch('messages', MAX_FORWARDED);
    if (forwarded.length > 0 && depth >= MAX_DEPTH) throw tooMuch('depth', MAX_DEPTH);
    const drafts: Draft[] = [];
    const items: InboxItem[] = [];
    for (const [index, part] of parts.entries()) {
      if (part.kind === 'forward') continue;
      const name = part === content ? id : `${id}#${index}`;
      const outcome = await this.#processPart(name, { ...opened, content: part }, arrived, via);
      if ('order' in outcome) items.push(outcome);
      else drafts.push(...outcome);
    }
    await application.admit(items);
    const handled: Promise<Handled>[] = [];
    const answer = (): Received => ({
      answers: answersTo(envelope.sender, envelope.receiver, user, drafts),
      handled,
    });
    for (const message of forwarded) {
      const inside = await this.#take(message, { depth: depth + 1 });
      handled.push(...inside.handled);
      // What is answered to them goes back the way they came (spec §9.2).
      const messages = await this.#parts.pack({ answers: inside.answers, handled: [] });
      if (messages.length > 0) drafts.push({ kind: 'forward', body: { messages } });
      // It comes again, and with it those that are left.
      if (inside.noRoom) return { ...answer(), noRoom: true };
    }
    const due = items.length > 0 && expectsReceipt(content, envelope.sender, envelope.receiver);
    const text =
      items.length === 0 && content.kind === 'unknown' ? unsupported(content) : undefined;
    const seen: SeenMessage = {
      arrived,
      ...(content.time === undefined ? { ageless: true } : {}),
      ...(due || text !== undefined
        ? { receipt: { envelope, content, ...(text === undefined ? {} : { text }) } }
        : {}),
    };
    if (items.length > 0 && !(await this.#keep(id, seen, items))) return { ...NOTHING, handled };
    memory.note(id, seen);
    if (due) drafts.push(receiptDraft(RECEIVED, envelope, content, signature));
    handled.push(...items.map((item) => application.take(item)));
    return answer();
  }

  /** @returns what to answer, or the message as it goes into the inbox */
  async #processPart(
    id: string,
    opened: OpenedMessage,
    arrived: number,
    via: StationContact | undefined,
  ): Promise<readonly Draft[] | InboxItem> {
    const { commands, application, onUnhandled } = this.#parts;
    const { envelope, content, user } = opened;
    const answered = await commands.process({ envelope, content, user }, via);
    if (answered !== undefined) return answered;
    if (application.takes(content))
      return application.item({ id, envelope, content, user, arrived });
    onUnhandled(opened);
    return [unsupportedReceipt(envelope, content, opened.signature)];
  }

  /**
   * Writes that a message has come and what the application is to get of it, at once.
   *
   * @returns false if another tab was faster
   */
  async #keep(id: string, seen: SeenMessage, items: readonly InboxItem[]): Promise<boolean> {
    const { store, memory, application } = this.#parts;
    const kept = items.map((item) => application.change(item));
    const changes: StoreChange[] = [memory.change(id, seen), ...kept];
    if (store.sharing === undefined) {
      await store.batch(changes);
      application.written(kept);
      return true;
    }
    return withLock(store, `seen ${id}`, async () => {
      if ((await store.get(['seen', id])) !== undefined) return false;
      await store.batch(changes);
      application.written(kept);
      return true;
    });
  }
}

const RECEIVED = 'Message received.';

/** The contents of an array, and of arrays in it; another content is the only one. */
function contentsOf(content: Content): readonly Content[] {
  if (content.kind !== 'array') return [content];
  return (content.body as ArrayBody).contents.flatMap(contentsOf);
}

/** The messages in a forward, each to be verified on its own. */
function messagesOf({ kind, body }: Content): readonly JsonObject[] {
  return kind === 'forward' ? (body as ForwardBody).messages : [];
}

function tooMuch(limit: string, max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'forward holds too much', { details: { limit, max } });
}
