import { isWaiting, type Waiting, waiting } from '@dimp/core';
import { type ErrorCode, isProtocolError } from '@dimp/foundation';
import { type EntityKey, sameEntity } from '@dimp/mkm';
import type { CopyPacker, PackedMessage, PackResult } from './copy-packer.ts';
import { groupFormFor, type MessagePacker } from './message-packer.ts';
import type { OutboxStore } from './outbox-store.ts';
import type { CopyRef, OutgoingMessage } from './outgoing-message.ts';
import type { SendStage } from './send-stage.ts';

/** What a {@link PackStage} is made with. */
export interface PackStageOptions {
  readonly packer: MessagePacker;
  readonly store: OutboxStore;
  readonly copyPacker: CopyPacker;
  readonly sendStage: SendStage;
  /** All messages that are not done. */
  readonly messages: ReadonlyMap<string, OutgoingMessage>;
  /** Asks the network for what is missing. */
  readonly ask: (missing: Waiting) => Promise<void>;
}

/** Makes outgoing messages ready: decides who gets a copy, packs what can be packed, writes it, and has it shipped. */
export class PackStage {
  readonly #options: PackStageOptions;

  constructor(options: PackStageOptions) {
    this.#options = options;
  }

  /**
   * Prepares as much of a message as can be prepared now. When it resolves, the message is on disk.
   *
   * @returns what has to be asked for
   * @throws what is wrong with the message, if no copy of it can ever be packed; `store/` codes
   */
  async advance(outgoing: OutgoingMessage): Promise<readonly Waiting[]> {
    const { copies, receiver } = outgoing.record;
    if (copies.length === 0 && receiver.isGroup && !receiver.isBroadcast) {
      const missing = await this.#addMembers(outgoing);
      if (missing !== undefined) {
        outgoing.change({ waitingFor: missing });
        await this.#options.store.put(outgoing.record);
        return [missing];
      }
    }
    const refs = outgoing.refs(({ message, state }) => message === undefined && state !== 'failed');
    if (refs.length > 0) return this.#pack(outgoing, refs);
    if (outgoing.record.settled) await this.#options.sendStage.settle(outgoing);
    return [];
  }

  /** {@link advance} when nobody is there to hear of an error: the message carries it. */
  async advanceOrFail(outgoing: OutgoingMessage): Promise<void> {
    try {
      await this.askAll(await this.advance(outgoing));
    } catch (error) {
      if (!isProtocolError(error) || error.code.startsWith('store/')) throw error;
      await this.giveUp(outgoing, error.code);
    }
  }

  /** Ends the copies that are not packed; the others are on their way. */
  async giveUp(outgoing: OutgoingMessage, error: ErrorCode): Promise<void> {
    for (const ref of outgoing.refs(({ message }) => message === undefined)) {
      this.#options.copyPacker.withdraw(ref);
    }
    outgoing.failUnpacked(error);
    if (outgoing.record.settled) await this.#options.sendStage.settle(outgoing);
    else await this.#options.store.put(outgoing.record);
  }

  /** A meta, a visa or a member list has arrived: whatever waited for it goes on. */
  async release(entity: EntityKey): Promise<void> {
    const { messages, copyPacker } = this.#options;
    const groups = [...messages.values()].filter(({ record }) => {
      const { waitingFor } = record;
      return waitingFor?.for === 'members' && waitingFor.id.entity === entity;
    });
    for (const outgoing of groups) await this.advanceOrFail(outgoing);
    copyPacker.open(entity);
    // Behind the first of a conversation others wait, and new ones may have joined them meanwhile.
    for (let refs = copyPacker.released(); refs.length > 0; refs = copyPacker.released()) {
      for (const outgoing of new Set(refs.map((ref) => ref.outgoing)))
        await this.advanceOrFail(outgoing);
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

  async #addMembers(outgoing: OutgoingMessage): Promise<Waiting | undefined> {
    const { sender, receiver: group, form: wanted } = outgoing.record;
    const members = await this.#options.packer.facebook.members(group);
    if (members.length === 0) return waiting('members', group);
    const form = wanted ?? groupFormFor(members);
    const others = members.filter((member) => !sameEntity(member, sender));
    const receivers = form === 'whole' ? [group] : others;
    outgoing.change({
      form,
      copies: receivers.map((receiver) => ({ receiver, state: 'queued' })),
      waitingFor: undefined,
    });
    return undefined;
  }

  async #pack(outgoing: OutgoingMessage, refs: readonly CopyRef[]): Promise<readonly Waiting[]> {
    const { copyPacker, sendStage, store } = this.#options;
    const write = deferred<boolean>();
    const packed: PackedMessage[] = [];
    // Into the queue in the turn of its conversation, so that copies leave in the order in which they name each other.
    const onPacked = (message: PackedMessage): void => {
      packed.push(message);
      outgoing.changeCopy(message.ref.index, { ...message.facts, state: 'queued' });
      sendStage.ship(message.ref, { bytes: message.bytes, written: write.promise });
    };
    try {
      const { blocked, failed } = await this.#packInto(outgoing, refs, onPacked);
      const [first] = failed;
      // Who could not be told of an error hears of it; some members of a group are no reason to keep it from the others.
      if (first !== undefined && failed.length === outgoing.record.copies.length) throw first.error;
      for (const { ref } of blocked) outgoing.changeCopy(ref.index, { state: 'waiting' });
      for (const { ref, error } of failed) {
        outgoing.changeCopy(ref.index, { state: 'failed', error: error.code });
      }
      outgoing.change({ waitingFor: blocked[0]?.by });
      await store.put(
        outgoing.record,
        packed.map(({ ref, bytes }) => ({ index: ref.index, bytes })),
      );
      write.resolve(true);
      return [...new Set(blocked.map(({ by }) => by))];
    } catch (error) {
      write.resolve(false);
      for (const { ref } of packed) copyPacker.forget(ref);
      throw error;
    }
  }

  async #packInto(
    outgoing: OutgoingMessage,
    refs: readonly CopyRef[],
    onPacked: (message: PackedMessage) => void,
  ): Promise<Pick<PackResult, 'blocked' | 'failed'>> {
    const { copyPacker } = this.#options;
    const untouched = refs.length === outgoing.record.copies.length;
    if (outgoing.record.form !== 'split' || !untouched) return copyPacker.pack(refs, onPacked);
    const result = await copyPacker.packSplit(outgoing, refs);
    // Nobody in the group can be reached yet: each member gets a copy as soon as he can.
    if (isWaiting(result)) return copyPacker.pack(refs, onPacked);
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
