import type { ID } from '@dimp/mkm';

/** A message and its conversation. */
export interface MessagePlace {
  readonly conversation: ID;
  readonly ref: string;
}

/** Limit for the numbers that are remembered. */
const MAX_NUMBERS = 10_000;

/** Gives the messages that a chat shows short numbers, by which typed commands name them. */
export class MessageNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #places = new Map<number, MessagePlace>();
  #last = 0;

  /** The number of a message, the same each time. */
  of(conversation: ID, ref: string): number {
    const name = `${conversation.entity} ${ref}`;
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#last += 1;
    this.#numbers.set(name, this.#last);
    this.#places.set(this.#last, { conversation, ref });
    this.#forget(this.#last - MAX_NUMBERS);
    return this.#last;
  }

  /** Whether a message has a number: it was shown. */
  has(conversation: ID, ref: string): boolean {
    return this.#numbers.has(`${conversation.entity} ${ref}`);
  }

  /** The message of a number. */
  at(number: number): MessagePlace | undefined {
    return this.#places.get(number);
  }

  #forget(number: number): void {
    const place = this.#places.get(number);
    if (place === undefined) return;
    this.#places.delete(number);
    this.#numbers.delete(`${place.conversation.entity} ${place.ref}`);
  }
}
