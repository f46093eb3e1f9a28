import type { Waiting } from '@dimp/core';
import type { EntityKey, ID } from '@dimp/mkm';
import { directionKey } from '@dimp/mkm';

/**
 * One direction of a conversation, from a user of ours to a receiver. Its messages are packed one after the other, and
 * each names the one before it until that one is confirmed.
 */
export interface Conversation<T> {
  /** The last packed message that is not confirmed. */
  last: string | undefined;
  /** What must arrive before the next message can be packed. */
  blockedBy: Waiting | undefined;
  /** The copies that wait for it, in order. */
  readonly waiting: T[];
  /** End of the queue of packing tasks. */
  tail: Promise<unknown>;
  /** Number of packing tasks that run or wait. */
  active: number;
}

/** The {@link Conversation}s in use, by sender and receiver. */
export class ConversationOrder<T> {
  readonly #conversations = new Map<string, Conversation<T>>();

  of(sender: ID, receiver: ID): Conversation<T> {
    const key = directionKey(sender, receiver);
    const known = this.#conversations.get(key);
    if (known !== undefined) return known;
    const conversation: Conversation<T> = {
      last: undefined,
      blockedBy: undefined,
      waiting: [],
      tail: Promise.resolve(),
      active: 0,
    };
    this.#conversations.set(key, conversation);
    return conversation;
  }

  /** Runs a task of a conversation after all earlier ones. */
  async inTurn<R>(conversation: Conversation<T>, task: () => Promise<R>): Promise<R> {
    conversation.active += 1;
    const turn = conversation.tail.then(task).finally(() => {
      conversation.active -= 1;
    });
    conversation.tail = turn.catch(() => undefined);
    return turn;
  }

  /** Unblocks the conversations that waited for an entity. Their waiting copies go first, in order. */
  open(entity: EntityKey): void {
    for (const conversation of this.#conversations.values()) {
      if (conversation.blockedBy?.id.entity === entity) conversation.blockedBy = undefined;
    }
  }

  /** The first waiting copy of each unblocked conversation. */
  first(): readonly T[] {
    return [...this.#conversations.values()].flatMap(({ blockedBy, waiting }) =>
      blockedBy === undefined ? waiting.slice(0, 1) : [],
    );
  }

  /** Removes unused conversations. */
  prune(): void {
    for (const [key, conversation] of this.#conversations) {
      const idle = conversation.active === 0 && conversation.waiting.length === 0;
      if (idle && conversation.last === undefined) this.#conversations.delete(key);
    }
  }
}
