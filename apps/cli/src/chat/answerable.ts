import { type ID, sameEntity } from '@dimp/mkm';

/**
 * Whom an answer would go to. Somebody may write while a line is being typed; what was meant for the one before must not
 * go to them.
 */
export class Answerable {
  #last: ID | undefined;
  /** Conversations that an answer may be meant for: the last one when a line was typed last, and those since. */
  #recent: ID[] = [];

  /** A message of a conversation is shown. */
  heard(conversation: ID): void {
    this.#last = conversation;
    if (!this.#recent.some((each) => sameEntity(each, conversation))) {
      this.#recent.push(conversation);
    }
  }

  /** A line was typed and done: what was shown before it has been seen. */
  typed(): void {
    this.#recent = this.#last === undefined ? [] : [this.#last];
  }

  /** The conversation of the message that was shown last. */
  get last(): ID | undefined {
    return this.#last;
  }

  /** Whom an answer may be meant for: one, unless several have written since a line was typed last. */
  get candidates(): readonly ID[] {
    return this.#recent;
  }
}
