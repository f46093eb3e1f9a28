import type { StoreChange } from '@dimp/core';
import type { Content, Draft, ReliableMessage } from '@dimp/dkd';
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
import {
  definedOnly,
  isOurFault,
  isProtocolError,
  type JsonObject,
  ProtocolError,
  rethrowOurFault,
} from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { StationContact } from '../connection/station-contact.ts';
import type { IncomingMessage } from '../messages/incoming-message.ts';
import { PendingChanges } from '../services/pending-changes.ts';
import { ServiceFault, type Services } from '../services/services.ts';
import type { BatchedStore } from './batched-store.ts';
import type { Commands } from './commands.ts';
import { contentName } from './content-name.ts';
import type { Inbox } from './inbox.ts';
import { type InboxItem, writtenTime } from './inbox-store.ts';
import type { OpenedMessage } from './message-opener.ts';
import type { NeverForgotten } from './never-forgotten.ts';
import type { Receipts } from './receipts.ts';
import { NOTHING, type Received, type Results } from './received.ts';
import type { ReplayMemory, SeenMessage } from './replay-memory.ts';

/** Circumstances of an arrival. */
export interface Way {
  /** Number of forwards around it. */
  readonly depth?: number;
  /** The peer who has forwarded it. */
  readonly forwarder?: ID;
  /** Whether nothing may be sent now, because the forwarder may not know the content. */
  readonly silent?: boolean;
  /** Whether it was deferred before. */
  readonly again?: boolean;
  /** Whether it no longer waits for the message before it. */
  readonly late?: boolean;
  /** The station whose connection it came over directly. */
  readonly via?: StationContact;
  /** The message, if it was parsed before. */
  readonly message?: ReliableMessage;
}

/** Options for {@link Intake}. */
export interface IntakeParts {
  readonly facebook: Facebook;
  readonly store: BatchedStore;
  readonly memory: ReplayMemory;
  readonly neverForgotten: NeverForgotten;
  readonly receipts: Receipts;
  readonly commands: Commands;
  readonly inbox: Inbox;
  readonly services: Services;
  /** Packs the answers to one message into messages, for a forward. */
  readonly pack: (answers: readonly Answer[]) => Promise<readonly JsonObject[]>;
  /** Receives a message that was forwarded. */
  readonly receive: (message: JsonObject, way: Way) => Promise<Received>;
  /** Lets the messages behind one that is not accepted go on. */
  readonly skip: (id: string, message: OpenedMessage) => Promise<Received>;
  readonly onRefused: (error: ProtocolError, sender: ID | undefined) => void;
  readonly onUnhandled: (message: OpenedMessage) => void;
  /** A service has failed because of a message. */
  readonly onServiceFailed: (message: IncomingMessage, error: unknown) => void;
}

/** A content of a message. */
interface NamedContent {
  /** Name of the message, with the place of the content if it came in an array. */
  readonly id: string;
  readonly content: Content;
}

/** A content that services and inbox have seen. */
interface TakenContent {
  readonly items: readonly InboxItem[];
  /** To be called when the changes are on disk. */
  readonly written: readonly (() => void)[];
  /** Whether anything is to be remembered. */
  readonly isKept: boolean;
}

/** The contents of a message that services and inbox have seen. */
interface TakenContents extends TakenContent {
  /** Changes of the services. */
  readonly changes: readonly StoreChange[];
}

/** The outcome of the messages in a forward. */
interface Forwarded {
  readonly drafts: readonly Draft[];
  readonly items: readonly InboxItem[];
  readonly isFull: boolean;
}

/** Limit on forwards inside forwards (spec §14.7 no. 7). */
const MAX_DEPTH = 4;
/** Limit on messages inside one forward. */
const MAX_FORWARDED = 64;

/** Processes opened messages: answers commands, and stores other contents for the application. */
export class Intake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Processes an opened message: answers its commands, and gives its other contents to the services and the inbox.
   *
   * @throws `format/limit` for forwards that hold too much; `store/` codes
   */
  async process(id: string, opened: OpenedMessage, way: Way): Promise<Received> {
    const { via, silent = false } = way;
    const { memory, receipts } = this.#parts;
    const { envelope, content, user, signature, proven } = opened;
    const known = contentName(opened);
    const before = known === undefined ? undefined : await memory.sameContent(known);
    if (before !== undefined) return this.#repeatedContent(id, before, signature);

    const contents = namedContents(id, content);
    const forwarded = contents.flatMap((each) => messagesOf(each.content));
    checkForwarded(forwarded, way);
    const audible =
      !silent && (await receipts.mayAnswer({ user, sender: envelope.sender, proven }));
    const { drafts, open } = await this.#processCommands(opened, contents, via);

    const inside = await this.#receiveForwarded(forwarded, {
      depth: (way.depth ?? 0) + 1,
      forwarder: envelope.sender,
      silent: !audible,
    });
    const answers = answersTo(envelope.sender, envelope.receiver, user, [
      ...(audible ? drafts : []),
      ...inside.drafts,
    ]);
    const results = { answers, items: inside.items };
    // The forward comes again, with the messages that are left.
    if (inside.isFull) return { kind: 'no-room', ...results };
    const kept = await this.#keepOpen(id, opened, open, way);
    return { ...kept, ...both(results, kept) };
  }

  /**
   * Gives a message that was forwarded as evidence to the services that read it. It is not remembered and not answered.
   *
   * @throws `store/` codes, and the `ProtocolError` of a service that refuses it
   */
  async processEvidence(
    id: string,
    opened: OpenedMessage,
    signed: ReliableMessage,
    { forwarder }: Way,
  ): Promise<Received> {
    const { services, store, onServiceFailed } = this.#parts;
    const open = namedContents(id, opened.content).filter(({ content }) => services.takes(content));
    try {
      await store.hold([...(await services.locksFor(factsOf(opened, open)))]);
      const pending = new PendingChanges(store);
      for (const each of open) {
        const { written } = await this.#take(opened, each, forwarder, pending, signed);
        store.afterwards({ done: () => services.written(written) });
      }
      await store.batch(pending.changes);
    } catch (error) {
      if (!(error instanceof ServiceFault)) throw error;
      onServiceFailed(this.#incoming(opened, { id, content: opened.content }), error.cause);
    }
    return NOTHING;
  }

  /** Answers the commands among the contents of a message. */
  async #processCommands(
    opened: OpenedMessage,
    contents: readonly NamedContent[],
    via: StationContact | undefined,
  ): Promise<{ readonly drafts: readonly Draft[]; readonly open: readonly NamedContent[] }> {
    const { commands, inbox, services, onUnhandled } = this.#parts;
    const { envelope, user, signature } = opened;
    const drafts: Draft[] = [];
    const open: NamedContent[] = [];
    for (const each of contents) {
      const { content } = each;
      if (content.kind === 'forward') continue;
      const answered = await commands.process({ envelope, content, user }, via);
      if (answered !== undefined) drafts.push(...answered);
      else if (services.takes(content) || inbox.takes(content)) open.push(each);
      else {
        onUnhandled({ ...opened, content });
        drafts.push(unsupportedReceipt(envelope, content, signature));
      }
    }
    return { drafts, open };
  }

  /** Stores contents, and starts their handlers. What a service or a full inbox refuses does not end the reception. */
  async #keepOpen(
    id: string,
    opened: OpenedMessage,
    open: readonly NamedContent[],
    way: Way,
  ): Promise<Received> {
    const { services, store, onRefused, onServiceFailed, skip } = this.#parts;
    try {
      await store.hold([...(await services.locksFor(factsOf(opened, open)))]);
      return await this.#keep(id, opened, open, way);
    } catch (error) {
      if (error instanceof ServiceFault) {
        onServiceFailed(this.#incoming(opened, { id, content: opened.content }), error.cause);
        return skip(id, opened);
      }
      rethrowOurFault(error);
      onRefused(error, opened.envelope.sender);
      return { ...NOTHING, kind: 'no-room' };
    }
  }

  /**
   * Writes the record of a message, its inbox items, and what the services want in one batch.
   *
   * @throws `policy/rate-limited` if it must come again; `store/` codes; `ServiceFault`
   */
  async #keep(
    id: string,
    opened: OpenedMessage,
    open: readonly NamedContent[],
    way: Way,
  ): Promise<Received> {
    const { store, services, memory, inbox, receipts, facebook } = this.#parts;
    const { envelope, content, user, signature, proven } = opened;
    const { sender, receiver } = envelope;
    const { items, changes, written, isKept } = await this.#takeAll(opened, open, way);
    await inbox.checkRoom(items);
    const due = isKept && expectsReceipt(content, sender, receiver);
    const decision = due ? await receipts.decide({ user, sender, proven }, way.silent) : undefined;
    const text = open.length === 0 && content.kind === 'unknown' ? unsupported(content) : undefined;
    const seen: SeenMessage = {
      arrived: facebook.clock.now(),
      ...(proven ? {} : { unproven: true }),
      ...(decision === undefined || decision === 'now'
        ? {}
        : { owed: { for: decision, signature } }),
      ...(due || text !== undefined
        ? { receipt: { envelope, content, ...definedOnly({ text }) } }
        : {}),
    };
    if (isKept) await this.#write(id, seen, items, changes, opened);
    memory.note(id, seen);
    store.afterwards({ done: () => services.written(written) });
    const answers = decision === 'now' ? receipts.write(id, seen, user, signature) : [];
    return { kind: 'done', answers, items };
  }

  /** Gives contents to the services, and makes inbox items of what they pass on. */
  async #takeAll(
    opened: OpenedMessage,
    open: readonly NamedContent[],
    { forwarder }: Way,
  ): Promise<TakenContents> {
    const { store, onRefused } = this.#parts;
    const pending = new PendingChanges(store);
    const all: TakenContent[] = [];
    try {
      for (const each of open) all.push(await this.#take(opened, each, forwarder, pending));
    } catch (error) {
      if (isOurFault(error) || isProtocolError(error, 'policy/rate-limited')) throw error;
      onRefused(error as ProtocolError, opened.envelope.sender);
      // It is remembered and confirmed like any other, or it would come again for days.
      return { items: [], changes: [], written: [], isKept: true };
    }
    return {
      changes: pending.changes,
      items: all.flatMap(({ items }) => items),
      written: all.flatMap(({ written }) => written),
      isKept: all.some(({ isKept }) => isKept),
    };
  }

  async #take(
    opened: OpenedMessage,
    named: NamedContent,
    forwarder: ID | undefined,
    pending: PendingChanges,
    signed?: ReliableMessage,
  ): Promise<TakenContent> {
    const { services, inbox } = this.#parts;
    const { content } = named;
    const message = this.#incoming(opened, named);
    const array = content === opened.content ? undefined : opened.content;
    const isEvidence = signed === undefined ? undefined : (true as const);
    const more = definedOnly({ array, forwarder, isEvidence, signed });
    const taken = await services.take(
      { ...message, signature: opened.signature, ...more },
      pending,
    );
    const items: InboxItem[] = [];
    if (taken.answers.length > 0) items.push(inbox.newAnswers(message, taken.answers));
    if (taken.passOn && inbox.takes(content)) items.push(inbox.newItem(message));
    return { items, written: taken.written, isKept: taken.isKept || items.length > 0 };
  }

  #incoming(opened: OpenedMessage, { id, content }: NamedContent): IncomingMessage {
    const { envelope, user, timeTrusted, proven } = opened;
    const arrived = this.#parts.facebook.clock.now();
    const written = writtenTime(content, arrived, timeTrusted);
    return { id, envelope, content, user, arrived, timeTrusted, written, proven };
  }

  /** Receives the messages in a forward. Answers to them go back in a forward (spec §9.2). */
  async #receiveForwarded(messages: readonly JsonObject[], way: Way): Promise<Forwarded> {
    const drafts: Draft[] = [];
    const items: InboxItem[] = [];
    for (const message of messages) {
      const received = await this.#parts.receive(message, way);
      items.push(...received.items);
      const packed = await this.#parts.pack(received.answers);
      if (packed.length > 0) drafts.push({ kind: 'forward', body: { messages: packed } });
      if (received.kind === 'no-room') return { drafts, items, isFull: true };
    }
    return { drafts, items, isFull: false };
  }

  /** Notes a copy that the sender has packed anew for another key of ours: its content was accepted before. */
  async #repeatedContent(id: string, before: string, signature: Uint8Array): Promise<Received> {
    const { memory, store, receipts } = this.#parts;
    const seen = await memory.get(before);
    if (seen === undefined) return NOTHING;
    const { owed: _, ...copy } = seen;
    await store.batch(memory.changes(id, copy));
    memory.note(id, copy);
    return receipts.again(id, copy, signature);
  }

  async #write(
    id: string,
    seen: SeenMessage,
    items: readonly InboxItem[],
    changes: readonly StoreChange[],
    opened: OpenedMessage,
  ): Promise<void> {
    const { store, memory, inbox, neverForgotten } = this.#parts;
    const kept = items.map((item) => inbox.change(item));
    const forever = opened.timeTrusted ? [] : [await neverForgotten.change(id)];
    const seenChanges = memory.changes(id, seen, contentName(opened));
    await store.batch([...seenChanges, ...forever, ...changes, ...kept]);
    // They take room from now on, even if the batch is not on disk yet.
    inbox.count(kept);
    store.afterwards({ failed: () => inbox.uncount(kept) });
  }
}

/** Joins the results of a message and of those inside it. */
function both(a: Results, b: Results): Results {
  return { answers: [...a.answers, ...b.answers], items: [...a.items, ...b.items] };
}

/** Names the contents of a message; those of an array one by one. */
function namedContents(id: string, content: Content): readonly NamedContent[] {
  if (content.kind !== 'array') return [{ id, content }];
  return contentsOf(content).map((each, index) => ({ id: `${id}#${index}`, content: each }));
}

function factsOf({ envelope, user }: OpenedMessage, open: readonly NamedContent[]) {
  return open.map(({ content }) => ({ envelope, user, content }));
}

/** Returns the contents of an array and of arrays in it; a single content for other kinds. */
function contentsOf(content: Content): readonly Content[] {
  if (content.kind !== 'array') return [content];
  return (content.body as ArrayBody).contents.flatMap(contentsOf);
}

/** Returns the messages in a forward, each to be verified separately. */
function messagesOf({ kind, body }: Content): readonly JsonObject[] {
  return kind === 'forward' ? (body as ForwardBody).messages : [];
}

/** @throws `format/limit` */
function checkForwarded({ length }: readonly JsonObject[], { depth = 0 }: Way): void {
  if (length > MAX_FORWARDED) throw tooMuch('messages', MAX_FORWARDED);
  if (length > 0 && depth >= MAX_DEPTH) throw tooMuch('depth', MAX_DEPTH);
}

function tooMuch(limit: string, max: number): ProtocolError<'format/limit'> {
  return new ProtocolError('format/limit', 'the forward must not exceed its limits', {
    details: { limit, max },
  });
}
