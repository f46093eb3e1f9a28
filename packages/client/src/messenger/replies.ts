import { isWaiting, seconds, type Waiting } from '@dimp/core';
import type { Content, Draft, ReliableMessage } from '@dimp/dkd';
import { ArrayContent } from '@dimp/dkd/commands';
import { type Answer, announces, isCommand, type ReceiptBody } from '@dimp/endpoint';
import { isStoreError, LruMap, rethrowOurFault } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import type { Connection } from '../connection/connection.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Accepted, Handled } from '../inbox/received.ts';
import type { ReplayMemory } from '../inbox/replay-memory.ts';
import type { IntroducedPeers } from '../outbox/introduced-peers.ts';
import type { MessagePacker } from '../outbox/message-packer.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Background } from './background.ts';

/** Options for {@link Replies}. */
export interface RepliesOptions {
  readonly packer: MessagePacker;
  readonly outbox: Outbox;
  readonly inbox: Inbox;
  readonly introducedPeers: IntroducedPeers;
  readonly connection: Connection;
  readonly memory: ReplayMemory;
  readonly background: Background;
  readonly ask: (missing: Waiting) => Promise<void>;
  /** Called when a receipt or an answer to a command cannot be packed. */
  readonly onFailure: (error: unknown) => void;
}

/** Limit on answers to one peer that wait for the peer's visa. */
const MAX_WAITING_ANSWERS = 16;
/** Limit on peers whose answers wait. */
const MAX_WAITING_PEERS = 256;
/** Limit on answers that the transport has not taken yet, for peers that take none. */
const MAX_PENDING_ANSWERS = 256;

/** The ability, in a visa, to read an array of receipts. Programs with the extension `chat()` announce it. */
const ACCEPTS_RECEIPT_ARRAYS = 'chat-1';

/** An answer that is ready to be sent. */
export interface PackedAnswer {
  readonly message: ReliableMessage;
  readonly bytes: Uint8Array;
  /** The receipts that it is. */
  readonly receipts: readonly PackedReceipt[];
}

/** The message that a receipt is for. */
export interface PackedReceipt {
  readonly id: string;
  readonly signature: Uint8Array;
}

/** Packs and sends the answers to incoming messages. */
export class Replies {
  readonly #options: RepliesOptions;
  /** Answers that cannot be encrypted yet. Receipts are owed on disk instead. */
  readonly #waiting = new LruMap<EntityKey, readonly Answer[]>(MAX_WAITING_PEERS);
  #pendingAnswers = 0;

  constructor(options: RepliesOptions) {
    this.#options = options;
  }

  /** Sends receipts and answers to commands. */
  sendAll(answers: readonly Answer[]): Promise<void> {
    return this.send({ answers, handled: [] });
  }

  /** Sends the answers to received messages; those of handlers when the handlers are done. */
  async send({ answers, handled }: Pick<Accepted, 'answers' | 'handled'>): Promise<void> {
    const { background } = this.#options;
    for (const each of handled) {
      void background.run(async () => this.#transmit(await this.finish(await each, false)));
    }
    const packed = await this.pack(answers);
    // Not waited for: the peer may acknowledge it only when we have acknowledged what it sends.
    void background.run(() => this.#transmit(packed));
  }

  /** Sends receipts from one user to one sender, in one message if their program reads that. */
  async sendReceipts(receipts: readonly Answer[]): Promise<void> {
    const [first] = receipts;
    if (first === undefined) return;
    const { facebook } = this.#options.packer;
    const isOne =
      receipts.length > 1 &&
      facebook.protocol.contents.types.some(({ kind }) => kind === ArrayContent.kind) &&
      announces(await facebook.documents(first.to), ACCEPTS_RECEIPT_ARRAYS);
    const packed = isOne ? await this.#packGuarded(receipts) : await this.pack(receipts);
    void this.#options.background.run(() => this.#transmit(packed));
  }

  /** Sends the answers that waited for a peer's visa. @throws `store/` codes */
  async release(peer: EntityKey): Promise<void> {
    const answers = this.#waiting.get(peer);
    if (answers === undefined) return;
    this.#waiting.delete(peer);
    const packed = await this.pack(answers);
    void this.#options.background.run(() => this.#transmit(packed));
  }

  /**
   * Packs receipts and answers to commands. An answer to a peer whose visa is not known is kept until the visa arrives:
   * receipts even over a restart. An answer that cannot be packed does not fail the message it answers.
   *
   * @throws `store/` codes
   */
  async pack(answers: readonly Answer[]): Promise<readonly PackedAnswer[]> {
    const packed: PackedAnswer[] = [];
    for (const answer of answers) packed.push(...(await this.#packGuarded([answer])));
    return packed;
  }

  /** Packs one message of answers to one peer. */
  async #packGuarded(answers: readonly Answer[]): Promise<readonly PackedAnswer[]> {
    try {
      return await this.#packOne(answers);
    } catch (error) {
      rethrowOurFault(error);
      this.#options.onFailure(error);
      return [];
    }
  }

  /**
   * Packs the answers of handlers and removes their message from the inbox. The message is finished once its answers are
   * in the outbox or returned to the caller.
   *
   * @param handBack - the caller carries the answers, unless this messenger has a connection of its own
   * @returns the answers that do not go through the outbox
   * @throws `store/` codes
   */
  async finish(handled: Handled, handBack: boolean): Promise<readonly PackedAnswer[]> {
    const { inbox } = this.#options;
    if (handled.kind === 'failed') return [];
    let packed: readonly PackedAnswer[];
    try {
      packed = await this.#packHandled(handled.answers, handBack);
    } catch (error) {
      if (isStoreError(error)) throw error;
      await inbox.failAnswers(handled, error);
      return [];
    }
    await inbox.finish(handled);
    return packed;
  }

  /** @throws the error of an answer that cannot be packed; `store/` codes */
  async #packHandled(
    answers: readonly Answer[],
    handBack: boolean,
  ): Promise<readonly PackedAnswer[]> {
    const { packer, outbox, connection } = this.#options;
    // An answer that cannot be stamped fails before any other one is sent.
    const stamped: { readonly answer: Answer; readonly content: Content }[] = [];
    for (const answer of answers) {
      stamped.push({ answer, content: await packer.stamp(answer.draft, answer.to) });
    }
    const direct = stamped.filter(
      ({ content }) => isCommand(content) || (handBack && !connection.isExpected),
    );
    const packed: PackedAnswer[] = [];
    for (const { answer } of direct) packed.push(...(await this.#packOne([answer])));
    for (const each of stamped.filter((one) => !direct.includes(one))) {
      const { from, to } = each.answer;
      await outbox.enqueue(each.content, from, to);
    }
    return packed;
  }

  /** Packs answers from one user to one peer, several as an array. @returns nothing if they have to wait */
  async #packOne(answers: readonly Answer[]): Promise<readonly PackedAnswer[]> {
    const { packer, introducedPeers, ask, memory } = this.#options;
    const [first] = answers;
    if (first === undefined) return [];
    const { from, to } = first;
    const receipts = answers.flatMap(receiptOf);
    const content = await packer.stamp(
      answers.length === 1 ? first.draft : this.#array(answers),
      to,
    );
    // The receiver of a receipt has encrypted for us, so they have our meta and visa.
    const attach = receipts.length > 0 ? {} : await introducedPeers.for(from, to);
    const message = await packer.packContent(content, from, to, attach);
    if (!isWaiting(message)) {
      return [{ message, bytes: packer.transceiver.serialize(message), receipts }];
    }
    if (receipts.length === 0) this.#keep(first);
    for (const { id, signature } of receipts) await memory.owe(id, { for: 'visa', signature });
    await ask(message);
    return [];
  }

  #array(answers: readonly Answer[]): Draft {
    const { protocol, clock } = this.#options.packer.facebook;
    const time = seconds(clock);
    const contents = answers.map(({ draft }) => protocol.contents.stamp(draft, { time }));
    return ArrayContent.create({ contents });
  }

  #keep(answer: Answer): void {
    const before = this.#waiting.get(answer.to.entity) ?? [];
    this.#waiting.set(answer.to.entity, [...before, answer].slice(-MAX_WAITING_ANSWERS));
  }

  async #transmit(answers: readonly PackedAnswer[]): Promise<void> {
    const { memory } = this.#options;
    let isOpen = true;
    for (const each of answers) {
      isOpen = isOpen && (await this.#transmitOne(each));
      for (const { id, signature } of each.receipts) {
        // Peers repeat questions, but older programs do not repeat a message to get its receipt.
        if (isOpen) await memory.paid(id);
        else await memory.owe(id, { for: 'network', signature });
      }
    }
  }

  /** @returns false if the network does not take it */
  async #transmitOne({ message, bytes }: PackedAnswer): Promise<boolean> {
    if (this.#pendingAnswers >= MAX_PENDING_ANSWERS) return false;
    this.#pendingAnswers += 1;
    try {
      await this.#options.connection.send(bytes, message.envelope.receiver);
      return true;
    } catch {
      return false;
    } finally {
      this.#pendingAnswers -= 1;
    }
  }
}

function receiptOf({ receiptFor, draft }: Answer): readonly PackedReceipt[] {
  if (receiptFor === undefined) return [];
  const { origin } = draft.body as ReceiptBody;
  return [{ id: receiptFor, signature: origin?.signature ?? new Uint8Array() }];
}
