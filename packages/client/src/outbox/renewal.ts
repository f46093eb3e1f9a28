import type { Clock } from '@dimp/core';
import type { EntityKey } from '@dimp/mkm';
import type { CopyRef, OutgoingMessage } from './outgoing-message.ts';
import type { PackedCopy, PackStage } from './pack-stage.ts';
import type { ReceiverKeys } from './receiver-keys.ts';

/** Options for {@link Renewal}. */
export interface RenewalOptions {
  readonly packStage: PackStage;
  readonly receiverKeys: ReceiverKeys;
  /** All messages that are not done, in the order in which they were sent. */
  readonly messages: ReadonlyMap<string, OutgoingMessage>;
  readonly clock: Clock;
  /** How long a message that has left may be under way before it counts as not confirmed. */
  readonly patienceMs: number;
}

type OnRenewed = (copy: PackedCopy) => Promise<void>;

/**
 * Packs unconfirmed messages anew when their receivers have other keys by now: same content, same serial number, same
 * time. A peer who registers again from their mnemonic, or restores a backup, can then read them.
 */
export class Renewal {
  readonly #options: RenewalOptions;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /**
   * Renews a copy, and others to the same receiver, if it was packed for older keys.
   *
   * @param onRenewed - called for each copy in order
   * @returns whether it was renewed
   */
  async renewCopy({ outgoing, index }: CopyRef, onRenewed: OnRenewed): Promise<boolean> {
    const { receiver, keys, message } = outgoing.copy(index);
    if (keys === undefined || keys === (await this.#options.receiverKeys.of(receiver))) {
      return false;
    }
    await this.renew(receiver.entity, onRenewed);
    return outgoing.copy(index).message !== message;
  }

  /** Renews the copies that were packed for older keys of an entity; without an entity, for older keys of any. */
  async renew(entity: EntityKey | undefined, onRenewed: OnRenewed): Promise<void> {
    for (const first of this.#firstOfDirections(entity)) {
      const { sender } = first.outgoing.record;
      const { receiver } = first.outgoing.copy(first.index);
      const select = (): Promise<readonly CopyRef[]> => this.#stale(first);
      await this.#options.packStage.renew(sender, receiver, select, onRenewed);
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

  /** Selects the copies from the first stale one on, because each names the one before it. */
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

  /** A copy that has just left may be confirmed soon: the receiver may still have the older key. */
  #isUnconfirmed({ outgoing, index }: CopyRef): boolean {
    const { clock, patienceMs } = this.#options;
    const age = clock.now() - outgoing.since;
    return outgoing.copy(index).state === 'queued' || age >= patienceMs || age < 0;
  }
}

/** Returns the unconfirmed copies of a message whose keys are known; none while it is not on disk. */
function openRefs(outgoing: OutgoingMessage): readonly CopyRef[] {
  if (!outgoing.isOnDisk) return [];
  return outgoing.refs((copy) => {
    const { message, keys, state } = copy;
    if (message === undefined || keys === undefined || !outgoing.expectsReceipt(copy)) return false;
    return state === 'queued' || state === 'sent' || state === 'delivered';
  });
}

function directionOf({ outgoing, index }: CopyRef): string {
  return `${outgoing.record.sender.entity}\u0000${outgoing.copy(index).receiver.entity}`;
}
