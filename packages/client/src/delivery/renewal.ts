import type { Clock } from '@dimp/core';
import type { EntityKey } from '@dimp/mkm';
import type { CopyRef, Entry } from './entry.ts';
import type { Packing } from './packing.ts';
import type { ReceiverKeys } from './receiver-keys.ts';
import type { Shipping } from './shipping.ts';

/** What a {@link Renewal} is made with. */
export interface RenewalOptions {
  readonly packing: Packing;
  readonly shipping: Shipping;
  readonly receiverKeys: ReceiverKeys;
  /** All messages that are not done, in the order in which they were sent. */
  readonly entries: ReadonlyMap<string, Entry>;
  readonly clock: Clock;
  /** How long a message that has left may be on its way before it counts as not confirmed, in milliseconds. */
  readonly patience: number;
}

/**
 * Packs messages anew that nobody has confirmed, when their receivers have other keys by now: same content, same serial
 * number, same time. Whoever begins anew from their words, or restores a backup, can read them then.
 */
export class Renewal {
  readonly #options: RenewalOptions;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** Renews a copy, and others to the same receiver, if it was packed for older keys. @returns whether it was */
  async renewCopy({ entry, index }: CopyRef): Promise<boolean> {
    const { receiver, keys, message } = entry.copy(index);
    if (keys === undefined || keys === (await this.#options.receiverKeys.of(receiver)))
      return false;
    await this.renew(receiver.entity);
    return entry.copy(index).message !== message;
  }

  /** Renews what was packed for older keys of an entity; without one, of anybody. */
  async renew(entity?: EntityKey): Promise<void> {
    const { packing, shipping } = this.#options;
    for (const first of this.#firstOfDirections(entity)) {
      const { sender } = first.entry.record;
      const { receiver } = first.entry.copy(first.index);
      await packing.renew(
        sender,
        receiver,
        () => this.#stale(first),
        (message) => shipping.renew(message),
      );
    }
  }

  #firstOfDirections(entity: EntityKey | undefined): Iterable<CopyRef> {
    const found = new Map<string, CopyRef>();
    for (const entry of this.#options.entries.values()) {
      for (const ref of openRefs(entry)) {
        const direction = directionOf(ref);
        const isTheirs = entity === undefined || entry.copy(ref.index).receiver.entity === entity;
        if (isTheirs && !found.has(direction)) found.set(direction, ref);
      }
    }
    return found.values();
  }

  /** From the first one on that was packed for older keys: those behind it name the one before them. */
  async #stale(first: CopyRef): Promise<readonly CopyRef[]> {
    const direction = directionOf(first);
    const keys = await this.#options.receiverKeys.of(first.entry.copy(first.index).receiver);
    const refs = [...this.#options.entries.values()]
      .flatMap(openRefs)
      .filter((ref) => directionOf(ref) === direction);
    const start = refs.findIndex((ref) => {
      const copy = ref.entry.copy(ref.index);
      return copy.keys !== keys && this.#isUnconfirmed(ref);
    });
    return start === -1 ? [] : refs.slice(start);
  }

  /** The receipt for what has just left may be under way: the receiver still has the older key, then. */
  #isUnconfirmed({ entry, index }: CopyRef): boolean {
    const { clock, patience } = this.#options;
    const age = clock.now() - entry.since;
    return entry.copy(index).state === 'queued' || age >= patience || age < 0;
  }
}

/** Packed copies for one person that nobody has confirmed, and that know for which keys they were packed. */
function openRefs(entry: Entry): readonly CopyRef[] {
  return entry.refs((copy) => {
    const { message, keys, state } = copy;
    if (message === undefined || keys === undefined || !entry.expectsReceipt(copy)) return false;
    return state === 'queued' || state === 'sent' || state === 'delivered';
  });
}

function directionOf({ entry, index }: CopyRef): string {
  return `${entry.record.sender.entity}\u0000${entry.copy(index).receiver.entity}`;
}
