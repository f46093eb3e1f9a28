import { type Store, withLock } from '@dimp/core';
import type { Content, Draft } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import {
  type Answer,
  type ArrayBody,
  answersTo,
  expectsReceipt,
  type ForwardBody,
  unsupported,
  unsupportedReceipt,
} from '@dimp/endpoint';
import { type JsonObject, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { StationContact } from '../messenger/station-contact.ts';
import type { Commands } from '../processing/commands.ts';
import { type Handled, NOTHING, type Received } from './answer.ts';
import type { Application } from './application.ts';
import { contentName } from './content-name.ts';
import { type InboxItem, writtenTime } from './inbox.ts';
import type { OpenedMessage } from './message-opener.ts';
import type { NeverForgotten } from './never-forgotten.ts';
import type { Receipts } from './receipts.ts';
import type { ReplayMemory, SeenMessage } from './replay-memory.ts';

/** How a message has come. */
export interface Way {
  /** In so many forwards. */
  readonly depth?: number;
  /** Who has forwarded it. */
  readonly forwarder?: ID;
  /** Nobody is told anything now: whoever has forwarded it may not know what they have forwarded. */
  readonly silent?: boolean;
  /** It has waited here for something. */
  readonly again?: boolean;
  /** The message before it will not be waited for any longer. */
  readonly late?: boolean;
  /** The station whose connection it came over, just now and by itself. */
  readonly via?: StationContact;
}

/** What an {@link Intake} is made of. */
export interface IntakeParts {
  readonly facebook: Facebook;
  readonly store: Store;
  readonly memory: ReplayMemory;
  readonly neverForgotten: NeverForgotten;
  readonly receipts: Receipts;
  readonly commands: Commands;
  readonly application: Application;
  /** Packs answers of one message into messages, for a forward. */
  readonly pack: (received: Received) => Promise<readonly JsonObject[]>;
  /** Takes in a message that was forwarded. */
  readonly take: (message: JsonObject, way: Way) => Promise<Received>;
  readonly onUnhandled: (message: OpenedMessage) => void;
}

/** Forwards inside forwards at most (spec §14.7 no. 7). */
const MAX_DEPTH = 4;
/** Messages inside one forward at most. */
const MAX_FORWARDED = 64;

/** Takes in messages that were opened: answers what the program answers by itself, and keeps the rest for the application. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Processes a message that was opened and is not waited for.
   *
   * @throws `policy/rate-limited` if there is no room for it; `format/limit` for forwards that hold too much
   */
  async process(id: string, opened: OpenedMessage, way: Way): Promise<Received> {
    const { depth = 0, via, silent = false } = way;
    const { memory, facebook, application, receipts } = this.#parts;
    const { envelope, content, user, signature, proven } = opened;
    const known = contentName(opened);
    const before = known === undefined ? undefined : await memory.sameContent(known);
    if (before !== undefined) return this.#takeCopy(id, before, signature);
    const arrived = facebook.clock.now();
    const parts = contentsOf(content);
    const forwarded = parts.flatMap(messagesOf);
    if (forwarded.length > MAX_FORWARDED) throw tooMuch('messages', MAX_FORWARDED);
    if (forwarded.length > 0 && depth >= MAX_DEPTH) throw tooMuch('depth', MAX_DEPTH);
    const answerable = { user, sender: envelope.sender, proven };
    const audible = !silent && (await receipts.mayAnswer(answerable));
    const drafts: Draft[] = [];
    const items: InboxItem[] = [];
    for (const [index, part] of parts.entries()) {
      if (part.kind === 'forward') continue;
      const name = part === content ? id : `${id}#${index}`;
      const outcome = await this.#processPart(name, { ...opened, content: part }, arrived, via);
      if ('order' in outcome) items.push(outcome);
      else if (audible) drafts.push(...outcome);
    }
    await application.admit(items);
    const handled: Promise<Handled>[] = [];
    let receipt: readonly Answer[] = [];
    const answer = (): Received => ({
      answers: [...answersTo(envelope.sender, envelope.receiver, user, drafts), ...receipt],
      handled,
    });
    for (const message of forwarded) {
      const inner: Way = { depth: depth + 1, forwarder: envelope.sender, silent: !audible };
      const inside = await this.#parts.take(message, inner);
      handled.push(...inside.handled);
      // What is answered to them goes back the way they came (spec §9.2).
      const messages = await this.#parts.pack({ answers: inside.answers, handled: [] });
      if (messages.length > 0) drafts.push({ kind: 'forward', body: { messages } });
      // It comes again, and with it those that are left.
      if (inside.noRoom) return { ...answer(), noRoom: true };
    }
    const due = items.length > 0 && expectsReceipt(content, envelope.sender, envelope.receiver);
    const decision = due ? await receipts.decide(answerable, silent) : undefined;
    const text =
      items.length === 0 && content.kind === 'unknown' ? unsupported(content) : undefined;
    const seen: SeenMessage = {
      arrived,
      ...(proven ? {} : { unproven: true }),
      ...(decision === undefined || decision === 'now'
        ? {}
        : { owed: { for: decision, signature } }),
      ...(due || text !== undefined
        ? { receipt: { envelope, content, ...(text === undefined ? {} : { text }) } }
        : {}),
    };
    if (items.length > 0 && !(await this.#keep(id, seen, items, opened))) {
      return { ...NOTHING, handled };
    }
    memory.note(id, seen);
    if (decision === 'now') {
      receipt = receipts.write(id, seen, user, signature);
    }
    handled.push(...items.map((item) => application.take(item)));
    return answer();
  }

  /** Its sender has packed anew what was taken in before, for another key of ours. */
  async #takeCopy(id: string, before: string, signature: Uint8Array): Promise<Received> {
    const { memory, store, receipts } = this.#parts;
    const seen = await memory.get(before);
    if (seen === undefined) return NOTHING;
    const { owed: _, ...copy } = seen;
    await store.batch(memory.changes(id, copy));
    memory.note(id, copy);
    return receipts.again(id, copy, signature);
  }

  /** @returns what to answer, or the message as it goes into the inbox */
  async #processPart(
    id: string,
    opened: OpenedMessage,
    arrived: number,
    via: StationContact | undefined,
  ): Promise<readonly Draft[] | InboxItem> {
    const { commands, application, onUnhandled } = this.#parts;
    const { envelope, content, user, proven, timeTrusted } = opened;
    const answered = await commands.process({ envelope, content, user }, via);
    if (answered !== undefined) return answered;
    if (application.takes(content)) {
      const written = writtenTime(content, arrived, timeTrusted);
      const message = { id, envelope, content, user, arrived, written, timeTrusted, proven };
      return application.item(message);
    }
    onUnhandled(opened);
    return [unsupportedReceipt(envelope, content, opened.signature)];
  }

  /**
   * Writes that a message has come and what the application is to get of it, at once.
   *
   * @returns false if another tab was faster
   */
  async #keep(
    id: string,
    seen: SeenMessage,
    items: readonly InboxItem[],
    opened: OpenedMessage,
  ): Promise<boolean> {
    const { store, memory, application, neverForgotten } = this.#parts;
    const kept = items.map((item) => application.change(item));
    const seenChanges = memory.changes(id, seen, contentName(opened));
    const write = async (): Promise<void> => {
      const forever = opened.timeTrusted ? [] : [await neverForgotten.change(id)];
      await store.batch([...seenChanges, ...forever, ...kept]);
      application.written(kept);
    };
    if (store.sharing === undefined) {
      await write();
      return true;
    }
    return withLock(store, `seen ${id}`, async () => {
      if ((await store.get(['seen', id])) !== undefined) return false;
      if (opened.timeTrusted) await write();
      else await withLock(store, await neverForgotten.shardOf(id), write);
      return true;
    });
  }
}

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
