import { isWaiting, type Waiting } from '@dimp/core';
import type { Content, ReliableMessage } from '@dimp/dkd';
import { isProtocolError } from '@dimp/foundation';
import type { Dispatcher } from '../delivery/dispatcher.ts';
import type { Introductions } from '../delivery/introductions.ts';
import { isCommand } from '../processing/content-kinds.ts';
import type { Answer } from '../receiving/answer.ts';
import type { Link } from './link.ts';
import type { MessagePacker } from './message-packer.ts';

/** What an {@link Answering} is made of. */
export interface AnsweringParts {
  readonly packer: MessagePacker;
  readonly dispatcher: Dispatcher;
  readonly introductions: Introductions;
  readonly link: Link;
  readonly ask: (missing: Waiting) => Promise<void>;
  /** An answer of ours cannot be sent. */
  readonly onFailure: (error: unknown) => void;
}

/** An answer as it travels. */
export interface PackedAnswer {
  readonly message: ReliableMessage;
  readonly bytes: Uint8Array;
}

/** Makes messages of answers. */
export class Answering {
  readonly #parts: AnsweringParts;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
  }

  /**
   * Packs answers that are worth nothing later: receipts, and answers to questions. Who cannot be reached now gets none;
   * he asks again. One that cannot be packed is no fault of the message that it answers.
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

  async #pack(answers: readonly Answer[]): Promise<readonly PackedAnswer[]> {
    const { packer, introductions, ask } = this.#parts;
    const packed: PackedAnswer[] = [];
    for (const { draft, from, to } of answers) {
      const content = packer.stamp(draft as never, to);
      // Whom a receipt goes to has encrypted for us, so he has our meta and visa.
      const attach = draft.kind === 'receipt' ? {} : await introductions.for(from, to);
      const message = await packer.packContent(content, from, to, attach);
      if (isWaiting(message)) await ask(message);
      else packed.push({ message, bytes: packer.transceiver.serialize(message) });
    }
    return packed;
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
    const { packer, dispatcher, link } = this.#parts;
    const stamped = answers.map((answer) => ({
      answer,
      content: packer.stamp(answer.draft as never, answer.to),
    }));
    const isForNow = ({ content }: { readonly content: Content }): boolean =>
      isCommand(content) || (handBack && !link.wasUp);
    const packed = await this.#pack(stamped.filter(isForNow).map(({ answer }) => answer));
    for (const each of stamped.filter((one) => !isForNow(one))) {
      const { from, to } = each.answer;
      await dispatcher.enqueue(each.content, from, to, undefined);
    }
    return packed;
  }
}
