import type { Waiting } from '@dimp/core';
import type { EntityKey, ID } from '@dimp/mkm';

/**
 * One direction of conversation, from a user of ours to a receiver: its messages are packed one after the other, and each
 * names the one before it, as long as that is not known to have arrived.
 */
export interface Lane<T> {
  /** The last packed message that nobody has confirmed. */
  last: string | undefined;
  /** What has to arrive before anything can be packed. */
  blockedBy: Waiting | undefined;
  /** What waits for it, in order. */
  readonly waiting: T[];
  /** End of the queue of those who pack. */
  tail: Promise<unknown>;
  /** How many pack or wait for their turn. */
  active: number;
}

/** The {@link Lane}s in use, by sender and receiver. */
export class Lanes<T> {
  readonly #lanes = new Map<string, Lane<T>>();

  of(sender: ID, receiver: ID): Lane<T> {
    const key = `${sender.entity}\u0000${receiver.entity}`;
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane: Lane<T> = {
      last: undefined,
      blockedBy: undefined,
      waiting: [],
      tail: Promise.resolve(),
      active: 0,
    };
    this.#lanes.set(key, lane);
    return lane;
  }

  /** Runs a task of a lane after all earlier ones. */
  async inTurn<R>(lane: Lane<T>, task: () => Promise<R>): Promise<R> {
    lane.active += 1;
    const turn = lane.tail.then(task).finally(() => {
      lane.active -= 1;
    });
    lane.tail = turn.catch(() => undefined);
    return turn;
  }

  /** Opens the lanes that waited for an entity. What waits there goes first, in order. */
  open(entity: EntityKey): void {
    for (const lane of this.#lanes.values()) {
      if (lane.blockedBy?.id.entity === entity) lane.blockedBy = undefined;
    }
  }

  /** The first of what waits in each open lane. */
  first(): readonly T[] {
    return [...this.#lanes.values()].flatMap(({ blockedBy, waiting }) =>
      blockedBy === undefined ? waiting.slice(0, 1) : [],
    );
  }

  /** Forgets the lanes that nothing depends on. */
  prune(): void {
    for (const [key, lane] of this.#lanes) {
      const idle = lane.active === 0 && lane.waiting.length === 0;
      if (idle && lane.last === undefined) this.#lanes.delete(key);
    }
  }
}
