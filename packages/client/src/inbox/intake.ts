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
import { definedOnly, type JsonObject, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { StationContact } from '../connection/station-contact.ts';
import type { Commands } from './commands.ts';
import { contentName } from './content-name.ts';
import type { Inbox } from './inbox.ts';
import type { InboxItem } from './inbox-store.ts';
import type { OpenedMessage } from './message-opener.ts';
import type { NeverForgotten } from './never-forgotten.ts';
import type { Receipts } from './receipts.ts';
import { type Handled, NOTHING, type Received } from './received.ts';
import type { ReplayMemory, SeenMessage } from './replay-memory.ts';

/** How a message has arrived. */
export interface Way {
  /** Number of forwards around it. */
  readonly depth?: number;
  /** The peer who has forwarded it. */
  readonly forwarder?: ID;
  /** Nothing may be sent now, because the forwarder may not know the content. */
  readonly silent?: boolean;
  /** It was deferred before. */
  readonly again?: boolean;
  /** It does not wait any longer for the message before it. */
  readonly late?: boolean;
  /** The station whose connection it came over directly. */
  readonly via?: StationContact;
}

/** Options for {@link Intake}. */
export interface IntakeParts {
  readonly facebook: Facebook;
  readonly store: Store;
  readonly memory: ReplayMemory;
  readonly neverForgotten: NeverForgotten;
  readonly receipts: Receipts;
  readonly commands: Commands;
  readonly inbox: Inbox;
  /** Packs the answers to one message into messages, for a forward. */
  readonly pack: (answers: readonly Answer[]) => Promise<readonly JsonObject[]>;
  /** Receives a message that was forwarded. */
  readonly receive: (message: JsonObject, way: Way) => Promise<Received>;
  readonly onUnhandled: (message: OpenedMessage) => void;
}

/** The outcome of one content. */
type ContentOutcome =
  | { readonly kind: 'answered'; readonly drafts: readonly Draft[] }
  | { readonly kind: 'queued'; readonly item: InboxItem };

/** The outcome of the messages in a forward. */
interface Forwarded {
  readonly drafts: readonly Draft[];
  readonly handled: readonly Promise<Handled>[];
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
   * Processes an opened message: answers its commands, and puts its other contents into the inbox.
   *
   * @throws `policy/rate-limited` if the inbox has no room; `format/limit` for forwards that hold too much
   */
  async process(id: string, opened: OpenedMessage, way: Way): Promise<Received> {
    const { via, silent = false } = way;
    const { memory, facebook, inbox, receipts } = this.#parts;
    const { envelope, content, user, signature, proven } = opened;
    const known = contentName(opened);
    const before = known === undefined ? undefined : await memory.sameContent(known);
    if (before !== undefined) return this.#repeatedContent(id, before, signature);

    const arrived = facebook.clock.now();
    const contents = contentsOf(content);
    const forwarded = contents.flatMap(messagesOf);
    checkForwarded(forwarded, way);
    const answerable = { user, sender: envelope.sender, proven };
    const audible = !silent && (await receipts.mayAnswer(answerable));
    const { drafts, items } = await this.#processContents(id, opened, contents, arrived, via);
    const answerDrafts = audible ? drafts : [];
    await inbox.checkRoom(items);

    const inner: Way = {
      depth: (way.depth ?? 0) + 1,
      forwarder: envelope.sender,
      silent: !audible,
    };
    const inside = await this.#receiveForwarded(forwarded, inner);
    const answers = answersTo(envelope.sender, envelope.receiver, user, [
      ...answerDrafts,
      ...inside.drafts,
    ]);
    // The forward comes again, with the messages that are left.
    if (inside.isFull) return { kind: 'no-room', answers, handled: inside.handled };

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
        ? { receipt: { envelope, content, ...definedOnly({ text }) } }
        : {}),
    };
    if (items.length > 0 && !(await this.#keep(id, seen, items, opened))) {
      return { kind: 'done', answers: [], handled: inside.handled };
    }
    memory.note(id, seen);
    const receipt = decision === 'now' ? receipts.write(id, seen, user, signature) : [];
    const handled = items.map((item) => inbox.handle(item));
    return {
      kind: 'done',
      answers: [...answers, ...receipt],
      handled: [...inside.handled, ...handled],
    };
  }

  /** Answers the commands among the contents of a message, and makes inbox items of the rest. */
  async #processContents(
    id: string,
    opened: OpenedMessage,
    contents: readonly Content[],
    arrived: number,
    via: StationContact | undefined,
  ): Promise<{ readonly drafts: readonly Draft[]; readonly items: readonly InboxItem[] }> {
    const drafts: Draft[] = [];
    const items: InboxItem[] = [];
    for (const [index, content] of contents.entries()) {
      if (content.kind === 'forward') continue;
      const name = content === opened.content ? id : `${id}#${index}`;
      const outcome = await this.#processContent(name, { ...opened, content }, arrived, via);
      if (outcome.kind === 'queued') items.push(outcome.item);
      else drafts.push(...outcome.drafts);
    }
    return { drafts, items };
  }

  async #processContent(
    id: string,
    opened: OpenedMessage,
    arrived: number,
    via: StationContact | undefined,
  ): Promise<ContentOutcome> {
    const { commands, inbox, onUnhandled } = this.#parts;
    const { envelope, content, user, proven, timeTrusted } = opened;
    const answered = await commands.process({ envelope, content, user }, via);
    if (answered !== undefined) return { kind: 'answered', drafts: answered };
    if (inbox.takes(content)) {
      const message = { id, envelope, content, user, arrived, timeTrusted, proven };
      return { kind: 'queued', item: inbox.newItem(message) };
    }
    onUnhandled(opened);
    return {
      kind: 'answered',
      drafts: [unsupportedReceipt(envelope, content, opened.signature)],
    };
  }

  /** Receives the messages in a forward. Answers to them go back in a forward (spec §9.2). */
  async #receiveForwarded(messages: readonly JsonObject[], way: Way): Promise<Forwarded> {
    const drafts: Draft[] = [];
    const handled: Promise<Handled>[] = [];
    for (const message of messages) {
      const received = await this.#parts.receive(message, way);
      handled.push(...received.handled);
      const packed = await this.#parts.pack(received.answers);
      if (packed.length > 0) drafts.push({ kind: 'forward', body: { messages: packed } });
      if (received.kind === 'no-room') return { drafts, handled, isFull: true };
    }
    return { drafts, handled, isFull: false };
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

  /**
   * Writes the record of a message and its inbox items in one batch.
   *
   * @returns false if another tab was faster
   */
  async #keep(
    id: string,
    seen: SeenMessage,
    items: readonly InboxItem[],
    opened: OpenedMessage,
  ): Promise<boolean> {
    const { store, memory, inbox, neverForgotten } = this.#parts;
    const kept = items.map((item) => inbox.change(item));
    const seenChanges = memory.changes(id, seen, contentName(opened));
    const write = async (): Promise<void> => {
      const forever = opened.timeTrusted ? [] : [await neverForgotten.change(id)];
      await store.batch([...seenChanges, ...forever, ...kept]);
      inbox.written(kept);
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
