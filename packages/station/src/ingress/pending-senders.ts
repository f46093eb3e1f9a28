import type { EntityKey, ID } from '@dimp/mkm';
import type { Neighbours } from '../federation/neighbours.ts';
import type { PayloadAck } from './payload-ack.ts';

/** Most messages waiting for the meta of one sender, and of all (spec §11.4). */
const MAX_OF_SENDER = 32;
const MAX_WAITING = 1024;

/** Relayed messages of senders whose meta is unknown. The neighbour is asked for it. */
export class PendingSenders {
  readonly #neighbours: Neighbours | undefined;
  readonly #waiting = new Map<EntityKey, { count: number; turn: Promise<void> }>();
  #size = 0;

  constructor(neighbours: Neighbours | undefined) {
    this.#neighbours = neighbours;
  }

  /**
   * Holds a message until the meta of its sender arrives, unless too many are waiting. It is not acknowledged
   * meanwhile.
   *
   * @param resume - called in the order of the messages when it is clear whether the meta was found; never throws
   * @returns whether the message is held
   */
  hold(
    sender: ID,
    neighbour: ID,
    ack: PayloadAck,
    resume: (found: boolean) => Promise<void>,
  ): boolean {
    const { entity } = sender;
    const entry = this.#waiting.get(entity) ?? { count: 0, turn: Promise.resolve() };
    if (entry.count >= MAX_OF_SENDER || this.#size >= MAX_WAITING) return false;
    const found = this.#neighbours?.identify?.(sender, neighbour);
    if (found === undefined) return false;
    this.#waiting.set(entity, entry);
    entry.count += 1;
    this.#size += 1;
    ack.hold();
    entry.turn = entry.turn.then(async () => {
      await resume(await found);
      ack.settle();
      entry.count -= 1;
      this.#size -= 1;
      if (entry.count === 0) this.#waiting.delete(entity);
    });
    return true;
  }
}
