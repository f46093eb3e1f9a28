import {
  isWaiting,
  type Store,
  type StoreChange,
  type Timers,
  type Waiting,
  waiting,
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
import { answersTo, NOTHING, type Received, together } from './answer.ts';
import type { Application } from './application.ts';
import { isAhead } from './freshness.ts';
import type { InboxItem } from './inbox.ts';
import type { OpenedMessage, Opener } from './opener.ts';
import type { ReplayMemory, SeenMessage } from './replay-memory.ts';
import type { WaitingRoom } from './waiting-room.ts';

/** What a {@link Receiver} is made of. */
export interface ReceiverParts {
  readonly facebook: Facebook;
  readonly store: Store;
  readonly opener: Opener;
  readonly memory: ReplayMemory;
  /** Messages whose sender or group is not known yet, by entity. */
  readonly suspended: WaitingRoom;
  /** Messages that have overtaken another one, by its name. */
  readonly early: WaitingRoom;
  /** Messages from the future, by sender. */
  readonly ahead: WaitingRoom;
  readonly commands: Commands;
  readonly application: Application;
  readonly timers: Timers;
  /** How long a message waits for the one before it, in milliseconds. */
  readonly orderTimeout: number;
  readonly ask: (missing: Waiting) => Promise<void>;
  /** Packs answers of one message into messages, for a forward. */
  readonly pack: (received: Received) => Promise<readonly JsonObject[]>;
  /** Sends what came of a message that was released by the clock. */
  readonly later: (received: Received) => Promise<void>;
  readonly onRefused: (error: ProtocolError, sender: ID | undefined) => void;
  readonly onUnhandled: (message: OpenedMessage) => void;
}

/** Forwards inside forwards at most (spec §14.7 no. 7). */
const MAX_DEPTH = 4;
/** Messages inside one forward at most. */
const MAX_FORWARDED = 64;
/** A receipt is repeated for a repeated message, but not more often than this, in milliseconds. */
const REPEAT_INTERVAL = 1000;
/** When a message is tried again that had waited, and then met a full inbox, in milliseconds. */
const ROOM_INTERVAL = 60_000;
/** When messages from the future are looked at again, in milliseconds. */
const AHEAD_INTERVAL = 600_000;

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

/** What came of a message. */
interface Taken extends Received {
  /** What it waits for: something of somebody, which is asked for, or its time. */
  readonly waits?: 'missing' | 'time';
}

/** Where messages wait. */
type Room = 'suspended' | 'early' | 'ahead';

/**
 * Takes messages in: each once, in the order in which their sender wrote them, and on disk before anybody is told.
 */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #repeated: OncePer;
  readonly #timers = new Set<Disposable>();
  /** What is tried again by the clock, by room and key. */
  readonly #scheduled = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ReceiverParts) {
    this.#parts = parts;
    this.#repeated = new OncePer(parts.facebook.clock, REPEAT_INTERVAL);
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
    return this.#inTurn(() => this.#takeUp('suspended', entity));
  }

  /** Looks after what an earlier life left waiting. */
  restore(): Promise<Received> {
    return this.#inTurn(async () => {
      const { suspended, early, ahead, memory } = this.#parts;
      const received: Received[] = [];
      for (const key of await suspended.keys()) received.push(await this.#takeUp('suspended', key));
      for (const key of await early.keys()) {
        if (await memory.has(key)) received.push(await this.#takeUp('early', key));
        else this.#limitWaiting(key);
      }
      for (const key of await ahead.keys()) received.push(await this.#takeUp('ahead', key));
      return together(received);
    });
  }

  /** Asks again for what messages wait for. */
  async askAgain(): Promise<void> {
    const { suspended, ask, facebook } = this.#parts;
    for (const key of await suspended.keys()) {
      const id = facebook.protocol.parseID(key);
      await ask(waiting(id.isGroup ? 'members' : 'meta', id));
    }
  }

  /**
   * Forgets messages that have waited too long.
   *
   * @param oldest - milliseconds since the epoch: what came before would be refused as too old
   */
  async expire(oldest: number): Promise<void> {
    const { suspended, early, ahead } = this.#parts;
    for (const room of [suspended, early, ahead]) await room.expire(oldest);
  }

  /** Resolves when all that was received so far has been taken in. */
  async idle(): Promise<void> {
    await this.#turn;
  }

  stop(): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Takes in what waits in a room under one key. Whoever carried it here may have been told that it arrived, and does not
   * bring it again: what cannot be taken in yet stays.
   *
   * @param late - the message before them will not be waited for any longer
   */
  async #takeUp(room: Room, key: string, late = false): Promise<Received> {
    const received: Received[] = [];
    let pause: number | undefined;
    for (const waitingMessage of await this.#parts[room].of(key)) {
      const taken = await this.#take(waitingMessage.text, { again: true, late });
      received.push(taken);
      if (taken.noRoom) pause = ROOM_INTERVAL;
      else if (taken.waits === 'time') pause ??= AHEAD_INTERVAL;
      else if (taken.waits === undefined || room !== 'suspended') {
        await this.#parts[room].remove(waitingMessage);
      }
    }
    if (pause !== undefined) this.#takeUpLater(pause, room, key, late);
    return together(received);
  }

  #takeUpLater(pause: number, room: Room, key: string, late = false): void {
    const name = `${room} ${key}`;
    if (this.#scheduled.has(name)) return;
    this.#scheduled.add(name);
    this.#after(pause, () => {
      this.#scheduled.delete(name);
      return this.#takeUp(room, key, late);
    });
  }

  async #take(input: string | JsonObject, way: Way): Promise<Taken> {
    let message: ReliableMessage | undefined;
    try {
      message = this.#parts.facebook.protocol.parseMessage(input);
      return await this.#takeMessage(message, input, way);
    } catch (error) {
      // A store that fails is our own trouble: the message must come again.
      if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
      if (message !== undefined && way.depth === undefined && isAhead(error)) {
        if (way.again !== true) await this.#keepUntilItsTime(message, input, error);
        return { ...NOTHING, waits: 'time' };
      }
      this.#parts.onRefused(error, message?.envelope.sender);
      return isProtocolError(error, 'policy/rate-limited') ? { ...NOTHING, noRoom: true } : NOTHING;
    }
  }

  /** The clock that is wrong may be ours: it comes in when its time has come by ours, or goes when it is too old. */
  async #keepUntilItsTime(
    message: ReliableMessage,
    input: string | JsonObject,
    error: ProtocolError,
  ): Promise<void> {
    const { sender } = message.envelope;
    this.#parts.onRefused(error, sender);
    await this.#parts.ahead.add({
      key: sender.entity,
      id: messageID(message),
      text: textOf(input),
    });
    this.#takeUpLater(AHEAD_INTERVAL, 'ahead', sender.entity);
  }

  async #takeMessage(
    message: ReliableMessage,
    input: string | JsonObject,
    way: Way,
  ): Promise<Taken> {
    const { memory, suspended, early, opener, ask } = this.#parts;
    const id = messageID(message);
    const seen = await memory.get(id);
    if (seen !== undefined) return this.#repeat(id, seen, message.signature);
    if (!way.again && ((await suspended.has(id)) || (await early.has(id)))) return NOTHING;
    let opened = await opener.open(message);
    if (isWaiting(opened)) {
      await suspended.add({ key: opened.id.entity, id, text: textOf(input) });
      await ask(opened);
      const place = { key: opened.id.entity, id };
      // What is missing may have arrived while the message was being put aside.
      opened = await opener.open(message);
      if (isWaiting(opened)) return { ...NOTHING, waits: 'missing' };
      await suspended.remove(place);
    }
    const before = way.late ? undefined : await this.#missingPredecessor(opened.content, id);
    if (before !== undefined && way.depth === undefined) {
      await early.add({ key: before, id, text: textOf(input) });
      this.#limitWaiting(before);
      return NOTHING;
    }
    const received = await this.#process(id, opened, way);
    return together([received, await this.#takeUp('early', id)]);
  }

  /** The message before this one, if its sender names one that has not come. */
  async #missingPredecessor(content: Content, id: string): Promise<string | undefined> {
    const after = ownMember(content.wire, 'after');
    if (isCommand(content) || !isMessageID(after) || after === id) return undefined;
    return (await this.#parts.memory.has(after)) ? undefined : after;
  }

  /** Nobody waits for ever: the message before may have been given up by its sender. */
  #limitWaiting(predecessor: string): void {
    this.#after(this.#parts.orderTimeout, () => this.#takeUp('early', predecessor, true));
  }

  /** Takes something in when some milliseconds have passed. */
  #after(delay: number, task: () => Promise<Received>): void {
    const { timers, later } = this.#parts;
    const timer = timers.after(delay, async () => {
      this.#timers.delete(timer);
      await later(await this.#inTurn(task));
    });
    this.#timers.add(timer);
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
    if (items.length > 0 && !(await this.#keep(id, seen, items))) return NOTHING;
    memory.note(id, seen);
    if (due) drafts.push(receiptDraft(RECEIVED, envelope, content, signature));
    const handled = items.map((item) => application.take(item));
    for (const message of forwarded) {
      const inside = await this.#take(message, { depth: depth + 1 });
      handled.push(...inside.handled);
      // What is answered to them goes back the way they came (spec §9.2).
      const messages = await this.#parts.pack({ answers: inside.answers, handled: [] });
      if (messages.length > 0) drafts.push({ kind: 'forward', body: { messages } });
    }
    return { answers: answersTo(envelope.sender, envelope.receiver, user, drafts), handled };
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
    await application.admit(items);
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

function textOf(input: string | JsonObject): string {
  return typeof input === 'string' ? input : stringifyJson(input);
}

function tooMuch(limit: string, max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'forward holds too much', { details: { limit, max } });
}
