import { isWaiting, type Waiting } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
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
}

/** Makes messages of answers. */
export class Answering {
  readonly #parts: AnsweringParts;

  constructor(parts: AnsweringParts) {
    this.#parts = parts;
  }

  /**
   * Packs answers that are worth nothing later: receipts, and answers to questions. Who cannot be reached now gets none;
   * he asks again.
   */
  async pack(answers: readonly Answer[]): Promise<readonly ReliableMessage[]> {
    const { packer, introductions, ask } = this.#parts;
    const messages: ReliableMessage[] = [];
    for (const { draft, from, to } of answers) {
      const content = packer.stamp(draft as never, to);
      // Whom a receipt goes to has encrypted for us, so he has our meta and visa.
      const attach = draft.kind === 'receipt' ? {} : await introductions.for(from, to);
      const message = await packer.packContent(content, from, to, attach);
      if (isWaiting(message)) await ask(message);
      else messages.push(message);
    }
    return messages;
  }

  /**
   * What handlers answer: it goes through the outbox and so gets there in the end. Without a connection of its own the
   * messenger hands it back like the others.
   */
  async packHandled(answers: readonly Answer[]): Promise<readonly ReliableMessage[]> {
    const { packer, dispatcher, link } = this.#parts;
    const now: Answer[] = [];
    for (const answer of answers) {
      const content = packer.stamp(answer.draft as never, answer.to);
      if (!link.isUp || isCommand(content)) now.push(answer);
      else await dispatcher.enqueue(content, answer.from, answer.to, undefined);
    }
    return this.pack(now);
  }
}
