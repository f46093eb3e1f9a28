import { isWaiting, type Waiting, waiting } from '@dimp/core';
import { type ErrorCode, isProtocolError } from '@dimp/foundation';
import { type EntityKey, sameEntity } from '@dimp/mkm';
import { groupFormFor, type MessagePacker } from '../messenger/message-packer.ts';
import type { CopyRef, Entry } from './entry.ts';
import type { Outbox } from './outbox.ts';
import type { PackedMessage, Packing, PackResult } from './packing.ts';
import type { Shipping } from './shipping.ts';

/** What a {@link Preparation} is made with. */
export interface PreparationOptions {
  readonly packer: MessagePacker;
  readonly outbox: Outbox;
  readonly packing: Packing;
  readonly shipping: Shipping;
  /** All messages that are not done. */
  readonly entries: ReadonlyMap<string, Entry>;
  /** Asks the network for what is missing. */
  readonly ask: (missing: Waiting) => Promise<void>;
}

/** Makes outgoing messages ready: decides who gets a copy, packs what can be packed, writes it, and has it shipped. */
export class Preparation {
  readonly #options: PreparationOptions;

  constructor(options: PreparationOptions) {
    this.#options = options;
  }

  /**
   * Prepares as much of a message as can be prepared now. When it resolves, the message is on disk.
   *
   * @returns what has to be asked for
   * @throws what is wrong with the message, if no copy of it can ever be packed; `store/` codes
   */
  async advance(entry: Entry): Promise<readonly Waiting[]> {
    const { copies, receiver } = entry.record;
    if (copies.length === 0 && receiver.isGroup && !receiver.isBroadcast) {
      const missing = await this.#addMembers(entry);
      if (missing !== undefined) {
        entry.change({ waitingFor: missing });
        await this.#options.outbox.put(entry.record);
        return [missing];
      }
    }
    const refs = entry.refs(({ message, state }) => message === undefined && state !== 'failed');
    if (refs.length > 0) return this.#pack(entry, refs);
    if (entry.record.settled) await this.#options.shipping.settle(entry);
    return [];
  }

  /** {@link advance} when nobody is there to hear of an error: the message carries it. */
  async advanceOrFail(entry: Entry): Promise<void> {
    try {
      await this.askAll(await this.advance(entry));
    } catch (error) {
      if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
      await this.giveUp(entry, error.code);
    }
  }

  /** Ends the copies that are not packed; the others are on their way. */
  async giveUp(entry: Entry, error: ErrorCode): Promise<void> {
    for (const ref of entry.refs(({ message }) => message === undefined)) {
      this.#options.packing.withdraw(ref);
    }
    entry.failUnpacked(error);
    if (entry.record.settled) await this.#options.shipping.settle(entry);
    else await this.#options.outbox.put(entry.record);
  }

  /** A meta, a visa or a member list has arrived: whatever waited for it goes on. */
  async release(entity: EntityKey): Promise<void> {
    const { entries, packing } = this.#options;
    const groups = [...entries.values()].filter(({ record }) => {
      const { waitingFor } = record;
      return waitingFor?.for === 'members' && waitingFor.id.entity === entity;
    });
    for (const entry of groups) await this.advanceOrFail(entry);
    packing.open(entity);
    // Behind the first of a lane others wait, and new ones may have joined them meanwhile.
    for (let refs = packing.released(); refs.length > 0; refs = packing.released()) {
      for (const entry of new Set(refs.map((ref) => ref.entry))) await this.advanceOrFail(entry);
    }
  }

  async askAll(missing: readonly Waiting[]): Promise<void> {
    for (const each of missing) await this.ask(each);
  }

  /** Asks for what is missing; it may have arrived while the message was being put aside, too early to release it. */
  async ask(missing: Waiting): Promise<void> {
    const { facebook } = this.#options.packer;
    const { id } = missing;
    const here =
      missing.for === 'members'
        ? (await facebook.members(id)).length > 0
        : (await facebook.encryptKey(id)) !== undefined;
    if (here) await this.release(id.entity);
    else await this.#options.ask(missing);
  }

  async #addMembers(entry: Entry): Promise<Waiting | undefined> {
    const { sender, receiver: group, form: wanted } = entry.record;
    const members = await this.#options.packer.facebook.members(group);
    if (members.length === 0) return waiting('members', group);
    const form = wanted ?? groupFormFor(members);
    const others = members.filter((member) => !sameEntity(member, sender));
    const receivers = form === 'whole' ? [group] : others;
    entry.change({
      form,
      copies: receivers.map((receiver) => ({ receiver, state: 'queued' })),
      waitingFor: undefined,
    });
    return undefined;
  }

  async #pack(entry: Entry, refs: readonly CopyRef[]): Promise<readonly Waiting[]> {
    const { packing, shipping, outbox } = this.#options;
    const write = deferred<boolean>();
    const packed: PackedMessage[] = [];
    // Into the queue in the turn of its lane, so that copies leave in the order in which they name each other.
    const onPacked = (message: PackedMessage): void => {
      packed.push(message);
      entry.changeCopy(message.ref.index, { ...message.facts, state: 'queued' });
      shipping.ship(message.ref, { bytes: message.bytes, written: write.promise });
    };
    try {
      const { blocked, failed } = await this.#packInto(entry, refs, onPacked);
      const [first] = failed;
      // Who could not be told of an error hears of it; some members of a group are no reason to keep it from the others.
      if (first !== undefined && failed.length === entry.record.copies.length) throw first.error;
      for (const { ref } of blocked) entry.changeCopy(ref.index, { state: 'waiting' });
      for (const { ref, error } of failed) {
        entry.changeCopy(ref.index, { state: 'failed', error: error.code });
      }
      entry.change({ waitingFor: blocked[0]?.by });
      await outbox.put(
        entry.record,
        packed.map(({ ref, bytes }) => ({ index: ref.index, bytes })),
      );
      write.resolve(true);
      return [...new Set(blocked.map(({ by }) => by))];
    } catch (error) {
      write.resolve(false);
      for (const { ref } of packed) packing.forget(ref);
      throw error;
    }
  }

  async #packInto(
    entry: Entry,
    refs: readonly CopyRef[],
    onPacked: (message: PackedMessage) => void,
  ): Promise<Pick<PackResult, 'blocked' | 'failed'>> {
    const { packing } = this.#options;
    const untouched = refs.length === entry.record.copies.length;
    if (entry.record.form !== 'split' || !untouched) return packing.pack(refs, onPacked);
    const result = await packing.packSplit(entry, refs);
    // Nobody in the group can be reached yet: each member gets a copy as soon as he can.
    if (isWaiting(result)) return packing.pack(refs, onPacked);
    result.packed.forEach(onPacked);
    return result;
  }
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
