import { isWaiting, type Waiting } from '@dimp/core';
import type { Content, ReliableMessage } from '@dimp/dkd';
import type { Answer, ReceiptBody } from '@dimp/endpoint';
import { isCommand } from '@dimp/endpoint';
import { isProtocolError, LruMap } from '@dimp/foundation';
import type { EntityKey } from '@dimp/mkm';
import type { IntroducedPeers } from '../outbox/introduced-peers.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Connection } from './connection.ts';
import type { MessagePacker } from './message-packer.ts';

/** What an {@link Replies} is made of. */
export interface RepliesOptions {
  readonly packer: MessagePacker;
  readonly outbox: Outbox;
  readonly introducedPeers: IntroducedPeers;
  readonly connection: Connection;
  readonly ask: (missing: Waiting) => Promise<void>;
  /** A receipt has to wait for the visa of whom it is for. */
  readonly owe: (id: string, signature: Uint8Array) => Promise<void>;
  /** An answer of ours cannot be sent. */
  readonly onFailure: (error: unknown) => void;
}

/** Answers to one peer that wait for the peer's visa, at most. */
const WAITING_ANSWERS = 16;
/** Peers whose answers wait, at most. */
const WAITING_PEERS = 256;

/** An answer as it travels. */
export interface PackedAnswer {
  readonly message: ReliableMessage;
  readonly bytes: Uint8Array;
  /** The receipt that it is, see `Answer`. */
  readonly receipt?: PackedReceipt;
}

/** Which message a receipt is for. */
export interface PackedReceipt {
  readonly id: string;
  readonly signature: Uint8Array;
}

/** Makes messages of answers. */
export class Replies {
  readonly #parts: RepliesOptions;
  /** Answers that cannot be encrypted yet, but for receipts, which are owed on disk. */
  readonly #waiting = new LruMap<EntityKey, readonly Answer[]>(WAITING_PEERS);

  constructor(parts: RepliesOptions) {
    this.#parts = parts;
  }

  /**
   * Packs answers that the program gives by itself: receipts, and answers to questions. Those for somebody whose visa is not
   * known are sent when it comes: receipts even after a restart. One that cannot be packed is no fault of the message that
   * it answers.
   *
   * @throws `store/` codes
   */
  async pack(answers: readonly Answer[]): Promise<readonly PackedAnswer[]> {
    const packed: PackedAnswer[] = [];
    for (const answer of answers) {
      try {
        packed.push(...(await this.#pack([answer])));
      } catch (error) {
        if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
        this.#parts.onFailure(error);
      }
    }
    return packed;
  }

  /** Packs what waited for the visa of a peer. @throws `store/` codes */
  async release(peer: EntityKey): Promise<readonly PackedAnswer[]> {
    const answers = this.#waiting.get(peer);
    if (answers === undefined) return [];
    this.#waiting.delete(peer);
    return this.pack(answers);
  }

  async #pack(answers: readonly Answer[]): Promise<readonly PackedAnswer[]> {
    const { packer, introducedPeers, ask, owe } = this.#parts;
    const packed: PackedAnswer[] = [];
    for (const answer of answers) {
      const { draft, from, to } = answer;
      const receipt = receiptOf(answer);
      const content = packer.stamp(draft as never, to);
      // Whom a receipt goes to has encrypted for us, so he has our meta and visa.
      const attach = draft.kind === 'receipt' ? {} : await introducedPeers.for(from, to);
      const message = await packer.packContent(content, from, to, attach);
      if (isWaiting(message)) {
        if (receipt === undefined) this.#wait(answer);
        else await owe(receipt.id, receipt.signature);
        await ask(message);
      } else {
        const bytes = packer.transceiver.serialize(message);
        packed.push({ message, bytes, ...(receipt === undefined ? {} : { receipt }) });
      }
    }
    return packed;
  }

  #wait(answer: Answer): void {
    const before = this.#waiting.get(answer.to.entity) ?? [];
    this.#waiting.set(answer.to.entity, [...before, answer].slice(-WAITING_ANSWERS));
  }

  /**
   * What handlers answer: it goes through the outbox and so gets there in the end.
   *
   * @param handBack - somebody takes the messages from us, who have no connection of our own
   * @throws what is wrong with an answer; `store/` codes
   */
  async packHandled(
    answers: readonly Answer[],
    handBack: boolean,
  ): Promise<readonly PackedAnswer[]> {
    const { packer, outbox, connection } = this.#parts;
    const stamped = answers.map((answer) => ({
      answer,
      content: packer.stamp(answer.draft as never, answer.to),
    }));
    const isForNow = ({ content }: { readonly content: Content }): boolean =>
      isCommand(content) || (handBack && !connection.wasUp);
    const packed = await this.#pack(stamped.filter(isForNow).map(({ answer }) => answer));
    for (const each of stamped.filter((one) => !isForNow(one))) {
      const { from, to } = each.answer;
      await outbox.enqueue(each.content, from, to, undefined);
    }
    return packed;
  }
}

function receiptOf({ receiptFor, draft }: Answer): PackedReceipt | undefined {
  if (receiptFor === undefined) return undefined;
  const { origin } = draft.body as ReceiptBody;
  return { id: receiptFor, signature: origin?.signature ?? new Uint8Array() };
}
