import type { Clock } from '@dimp/core';
import type { EntityKey } from '@dimp/mkm';
import type { CopyPacker } from './copy-packer.ts';
import type { CopyRef, OutgoingMessage } from './outgoing-message.ts';
import type { ReceiverKeys } from './receiver-keys.ts';
import type { SendStage } from './send-stage.ts';

/** What a {@link Renewal} is made with. */
export interface RenewalOptions {
  readonly copyPacker: CopyPacker;
  readonly sendStage: SendStage;
  readonly receiverKeys: ReceiverKeys;
  /** All messages that are not done, in the order in which they were sent. */
  readonly messages: ReadonlyMap<string, OutgoingMessage>;
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
  async renewCopy({ outgoing, index }: CopyRef): Promise<boolean> {
    const { receiver, keys, message } = outgoing.copy(index);
    if (keys === undefined || keys === (await this.#options.receiverKeys.of(receiver)))
      return false;
    await this.renew(receiver.entity);
    return outgoing.copy(index).message !== message;
  }

  /** Renews what was packed for older keys of an entity; without one, of anybody. */
  async renew(entity?: EntityKey): Promise<void> {
    const { copyPacker, sendStage } = this.#options;
    for (const first of this.#firstOfDirections(entity)) {
      const { sender } = first.outgoing.record;
      const { receiver } = first.outgoing.copy(first.index);
      await copyPacker.renew(
        sender,
        receiver,
        () => this.#stale(first),
        (message) => sendStage.renew(message),
      );
    }
  }

  #firstOfDirections(entity: EntityKey | undefined): Iterable<CopyRef> {
    const found = new Map<string, CopyRef>();
    for (const outgoing of this.#options.messages.values()) {
      for (const ref of openRefs(outgoing)) {
        const direction = directionOf(ref);
        const isTheirs =
          entity === undefined || outgoing.copy(ref.index).receiver.entity === entity;
        if (isTheirs && !found.has(direction)) found.set(direction, ref);
      }
    }
    return found.values();
  }

  /** From the first one on that was packed for older keys: those behind it name the one before them. */
  async #stale(first: CopyRef): Promise<readonly CopyRef[]> {
    const direction = directionOf(first);
    const keys = await this.#options.receiverKeys.of(first.outgoing.copy(first.index).receiver);
    const refs = [...this.#options.messages.values()]
      .flatMap(openRefs)
      .filter((ref) => directionOf(ref) === direction);
    const start = refs.findIndex((ref) => {
      const copy = ref.outgoing.copy(ref.index);
      return copy.keys !== keys && this.#isUnconfirmed(ref);
    });
    return start === -1 ? [] : refs.slice(start);
  }

  /** The receipt for what has just left may be under way: the receiver still has the older key, then. */
  #isUnconfirmed({ outgoing, index }: CopyRef): boolean {
    const { clock, patience } = this.#options;
    const age = clock.now() - outgoing.since;
    return outgoing.copy(index).state === 'queued' || age >= patience || age < 0;
  }
}

/** Packed copies for one person that nobody has confirmed, and that know for which keys they were packed. */
function openRefs(outgoing: OutgoingMessage): readonly CopyRef[] {
  return outgoing.refs((copy) => {
    const { message, keys, state } = copy;
    if (message === undefined || keys === undefined || !outgoing.expectsReceipt(copy)) return false;
    return state === 'queued' || state === 'sent' || state === 'delivered';
  });
}

function directionOf({ outgoing, index }: CopyRef): string {
  return `${outgoing.record.sender.entity}\u0000${outgoing.copy(index).receiver.entity}`;
}
