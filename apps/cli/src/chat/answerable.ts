import { type ID, sameEntity } from '@dimp/mkm';

/**
 * Tracks who `/reply` answers. If another person writes while the user is typing, the answer must not go to them by
 * accident.
 */
export class Answerable {
  #last: ID | undefined;
  #ref: string | undefined;
  /** Conversations that an answer may be meant for: the last one before the last typed line, and those since then. */
  #recent: ID[] = [];

  /** Records that a message of a conversation was shown. */
  heard(conversation: ID, ref?: string): void {
    this.#last = conversation;
    this.#ref = ref;
    if (!this.#recent.some((each) => sameEntity(each, conversation))) {
      this.#recent.push(conversation);
    }
  }

  /** Records that a line was typed: the user has seen everything shown before it. */
  typed(): void {
    this.#recent = this.#last === undefined ? [] : [this.#last];
  }

  /** The conversation of the message that was shown last. */
  get last(): ID | undefined {
    return this.#last;
  }

  /** Ref of the message that was shown last. */
  get ref(): string | undefined {
    return this.#ref;
  }

  /** The possible receivers of an answer: one, unless several have written since the last typed line. */
  get candidates(): readonly ID[] {
    return this.#recent;
  }
}
