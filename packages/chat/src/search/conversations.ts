import type { Store, StoreChange } from '@dimp/core';
import { ByteReader, ByteWriter } from './bytes.ts';

/** Area of the names in an index. */
const AREA = 'c';

/** Numbers of conversations: shorter than their names. */
export class ConversationNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];
  /** How many are stored. */
  #stored = 0;

  /** @throws `store/corrupt` */
  static async load(store: Pick<Store, 'list'>): Promise<ConversationNumbers> {
    const conversations = new ConversationNumbers();
    for await (const [[, number], value] of store.list([AREA])) {
      conversations.#set(Number(number), new ByteReader(value).text());
    }
    conversations.#stored = conversations.#names.length;
    return conversations;
  }

  /** The number of a conversation; a new one if it has none. */
  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#names.length;
    this.#set(number, name);
    return number;
  }

  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  nameOf(number: number): string | undefined {
    return this.#names[number];
  }

  /** Changes that store new numbers. Call {@link written} when they are on disk. */
  changes(): readonly StoreChange[] {
    return this.#names.slice(this.#stored).map((name, at) => ({
      type: 'set',
      key: [AREA, String(this.#stored + at)],
      value: new ByteWriter().text(name).finish(),
    }));
  }

  /** @param changes - how many changes were written */
  written(changes: number): void {
    this.#stored += changes;
  }

  #set(number: number, name: string): void {
    this.#names[number] = name;
    this.#numbers.set(name, number);
  }
}
