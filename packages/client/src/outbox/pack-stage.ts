import { isWaiting, type Waiting, waiting } from '@dimp/core';
import type { Content, ReliableMessage } from '@dimp/dkd';
import { announces, messageID } from '@dimp/endpoint';
import {
  definedOnly,
  encodeBase64,
  isProtocolError,
  type ProtocolError,
  rethrowOurFault,
} from '@dimp/foundation';
import { type EntityKey, type ID, sameEntity } from '@dimp/mkm';
import { type Conversation, ConversationOrder } from './conversation-order.ts';
import type { IntroducedPeers } from './introduced-peers.ts';
import { groupFormFor, type MessagePacker } from './message-packer.ts';
import type { CopyRef, OutgoingMessage, PackedFacts } from './outgoing-message.ts';
import type { ReceiverKeys } from './receiver-keys.ts';

/** A packed copy. */
export interface PackedCopy {
  readonly ref: CopyRef;
  readonly bytes: Uint8Array;
  readonly facts: PackedFacts;
}

/** Result of packing copies. */
export interface PackResult {
  readonly packed: readonly PackedCopy[];
  /** Copies that wait in their conversation. */
  readonly blocked: readonly { readonly ref: CopyRef; readonly by: Waiting }[];
  /** Copies that can never be packed. */
  readonly failed: readonly { readonly ref: CopyRef; readonly error: ProtocolError }[];
}

/**
 * First stage of an outgoing message: decides who gets a copy, and packs the copies in the order of their conversation.
 *
 * A personal message names, inside its content, the one before it in the same direction as long as that one is not
 * confirmed (`after`): on a network that delays and repeats, the receiver's program can put them in order again.
 * Programs that do not know this member ignore it.
 */
export class PackStage {
  readonly #packer: MessagePacker;
  readonly #introducedPeers: IntroducedPeers;
  readonly #receiverKeys: ReceiverKeys;
  readonly #conversations = new ConversationOrder<CopyRef>();

  constructor(packer: MessagePacker, introducedPeers: IntroducedPeers, receiverKeys: ReceiverKeys) {
    this.#packer = packer;
    this.#introducedPeers = introducedPeers;
    this.#receiverKeys = receiverKeys;
  }

  /**
   * Decides who gets a copy of a message to a group, if that is still open.
   *
   * @returns the member list that has to arrive first, if it is not known
   */
  async addReceivers(outgoing: OutgoingMessage): Promise<Waiting | undefined> {
    const { sender, receiver: group, form: wanted, copies, accepting } = outgoing.record;
    if (copies.length > 0 || !group.isGroup || group.isBroadcast) return undefined;
    const members = await this.#packer.facebook.members(group);
    if (members.length === 0) return waiting('members', group);
    const chosen = wanted ?? groupFormFor(members);
    // Only copies can leave members out.
    const form = chosen === 'whole' && accepting !== undefined ? 'split' : chosen;
    const others = members.filter((member) => !sameEntity(member, sender));
    const receivers = form === 'whole' ? [group] : others;
    outgoing.change({
      form,
      copies: receivers.map((receiver) => ({ receiver, state: 'queued' })),
      waitingFor: undefined,
    });
    return undefined;
  }

  /**
   * Packs copies of a message, and notes in its record what became of each.
   *
   * @param onPacked - called for each copy in its turn, before the next message of the same conversation is packed
   * @returns what must arrive before the other copies can be packed
   * @throws what is wrong with the message, if no copy of it can ever be packed; `store/` codes
   */
  async pack(
    outgoing: OutgoingMessage,
    refs: readonly CopyRef[],
    onPacked: (copy: PackedCopy) => void,
  ): Promise<readonly Waiting[]> {
    const accepted = await this.#leaveOut(outgoing, refs);
    const { blocked, failed } = await this.#packCopies(outgoing, accepted, (copy) => {
      outgoing.changeCopy(copy.ref.index, { ...copy.facts, state: 'queued' });
      onPacked(copy);
    });
    const [first] = failed;
    // Some members of a group are no reason to keep the message from the others.
    if (first !== undefined && failed.length === outgoing.refs().length) throw first.error;
    for (const { ref } of blocked) outgoing.changeCopy(ref.index, { state: 'waiting' });
    for (const { ref, error } of failed) {
      outgoing.changeCopy(ref.index, { state: 'failed', error: error.code });
    }
    outgoing.change({ waitingFor: blocked[0]?.by });
    return [...new Set(blocked.map(({ by }) => by))];
  }

  /** Leaves out the receivers whose visas do not announce what the message needs. @returns the other copies */
  async #leaveOut(
    outgoing: OutgoingMessage,
    refs: readonly CopyRef[],
  ): Promise<readonly CopyRef[]> {
    const { accepting } = outgoing.record;
    if (accepting === undefined) return refs;
    const accepted: CopyRef[] = [];
    for (const ref of refs) {
      if (await this.#mayAccept(receiverOf(ref), accepting)) accepted.push(ref);
      else {
        this.withdraw(ref);
        outgoing.changeCopy(ref.index, { leftOut: true });
      }
    }
    return accepted;
  }

  /** Whether a receiver's visa announces an ability, or the visa has yet to arrive. */
  async #mayAccept(receiver: ID, ability: string): Promise<boolean> {
    const { facebook } = this.#packer;
    const visas = await facebook.documents(receiver);
    if (announces(visas, ability)) return true;
    return visas.length === 0 && (await facebook.encryptKey(receiver)) === undefined;
  }

  async #packCopies(
    outgoing: OutgoingMessage,
    refs: readonly CopyRef[],
    onPacked: (copy: PackedCopy) => void,
  ): Promise<PackResult> {
    const untouched = refs.length === outgoing.refs().length;
    if (outgoing.record.form !== 'split' || !untouched) return this.#packEach(refs, onPacked);
    const result = await this.#packSplit(outgoing, refs);
    // No member can be reached yet: each gets a personal copy as soon as possible.
    if (isWaiting(result)) return this.#packEach(refs, onPacked);
    result.packed.forEach(onPacked);
    return result;
  }

  /** Packs copies that have a receiver each, every one in its turn. */
  async #packEach(
    refs: readonly CopyRef[],
    onPacked: (message: PackedCopy) => void,
  ): Promise<PackResult> {
    const packed: PackedCopy[] = [];
    const blocked: { ref: CopyRef; by: Waiting }[] = [];
    const failed: { ref: CopyRef; error: ProtocolError }[] = [];
    const attempts = await Promise.allSettled(
      refs.map(async (ref) => {
        const conversation = this.#conversationOf(ref);
        await this.#conversations.inTurn(conversation, async () => {
          const place = placeOf(ref, conversation);
          if (isDone(ref)) {
            // Meta and visa arrive one after the other, and each of them sets off what waited.
            if (place !== -1) conversation.waiting.splice(place, 1);
            return;
          }
          const [first] = conversation.waiting;
          // Copies that wait already go first, even if the conversation has just been unblocked.
          const behind = first !== undefined && place !== 0;
          const outcome = behind
            ? (conversation.blockedBy ?? waiting('visa', receiverOf(ref)))
            : (conversation.blockedBy ?? (await this.#tryToPack(ref, conversation)));
          if (isProtocolError(outcome)) {
            // The copies behind it go on.
            if (place === 0) conversation.waiting.shift();
            failed.push({ ref, error: outcome });
            return;
          }
          if (isWaiting(outcome)) {
            if (!behind) conversation.blockedBy = outcome;
            if (place === -1) conversation.waiting.push(ref);
            blocked.push({ ref, by: outcome });
            return;
          }
          if (place === 0) conversation.waiting.shift();
          packed.push(outcome);
          onPacked(outcome);
        });
      }),
    );
    // Thrown when all attempts have ended: until then the caller does not know which copies it has to take back.
    const rejected = attempts.find((attempt) => attempt.status === 'rejected');
    if (rejected !== undefined) throw rejected.reason;
    return { packed, blocked, failed };
  }

  /**
   * Packs one message for a whole group and splits it for its members. Members whose key is not known come back as
   * blocked: they get a personal copy later.
   */
  async #packSplit(
    outgoing: OutgoingMessage,
    refs: readonly CopyRef[],
  ): Promise<PackResult | Waiting> {
    const { sender, receiver: group } = outgoing.record;
    const members = refs.map((ref) => receiverOf(ref));
    const keys = await Promise.all(members.map((member) => this.#receiverKeys.of(member)));
    const introduction = await this.#introducedPeers.forAll(sender, members);
    const whole = await this.#packer.packContent(outgoing.content, sender, group, introduction);
    if (isWaiting(whole)) return whole;
    const copies = this.#packer.split(whole, members);
    const reached = refs.filter((_, index) => hasKey(copies[index]));
    const result = await this.#packEach(
      refs.filter((ref) => !reached.includes(ref)),
      () => {},
    );
    const packed = reached.map((ref) => {
      const index = refs.indexOf(ref);
      const { visaTime } = introduction;
      return this.#packedCopy(ref, copies[index] as ReliableMessage, visaTime, keys[index]);
    });
    return { ...result, packed: [...packed, ...result.packed] };
  }

  /**
   * Packs copies of one direction anew, one after the other: each names the new form of the one before it.
   *
   * @param select - which ones, in order; called while no other message is packed in this direction
   * @param onPacked - called for each in its turn
   */
  async renew(
    sender: ID,
    receiver: ID,
    select: () => Promise<readonly CopyRef[]>,
    onPacked: (message: PackedCopy) => Promise<void>,
  ): Promise<void> {
    const conversation = this.#conversations.of(sender, receiver);
    await this.#conversations.inTurn(conversation, async () => {
      const refs = await select();
      const last = conversation.last;
      // Messages before them were received, or will never be.
      if (refs.length > 0) conversation.last = undefined;
      for (const ref of refs) {
        const outcome = await this.#tryToPack(ref, conversation);
        if (isProtocolError(outcome) || isWaiting(outcome)) {
          conversation.last = last;
          return;
        }
        await onPacked(outcome);
      }
    });
  }

  /** Restores a message that was packed in an earlier run and is not confirmed. Called in order. */
  recall(ref: CopyRef): void {
    const { message } = ref.outgoing.copy(ref.index);
    if (message !== undefined) this.#conversationOf(ref).last = message;
  }

  /** A message has arrived or will never arrive, so the next one need not name it. */
  forget(ref: CopyRef): void {
    const conversation = this.#conversationOf(ref);
    if (conversation.last === ref.outgoing.copy(ref.index).message) conversation.last = undefined;
  }

  /** An entity's meta or visa has arrived, so copies that waited for it can be packed. */
  open(entity: EntityKey): void {
    this.#conversations.open(entity);
  }

  /** The first waiting copy of each unblocked conversation. */
  released(): readonly CopyRef[] {
    for (const ref of this.#conversations.first()) if (isDone(ref)) this.withdraw(ref);
    return this.#conversations.first();
  }

  /** Removes a copy from its conversation, if it waits there. */
  withdraw(ref: CopyRef): void {
    const conversation = this.#conversationOf(ref);
    const place = placeOf(ref, conversation);
    if (place !== -1) conversation.waiting.splice(place, 1);
  }

  reduceMemory(): void {
    this.#conversations.prune();
  }

  /** @throws `store/` codes, which say nothing about the message */
  async #tryToPack(
    ref: CopyRef,
    conversation: Conversation<CopyRef>,
  ): Promise<PackedCopy | Waiting | ProtocolError> {
    try {
      return await this.#packOne(ref, conversation);
    } catch (error) {
      rethrowOurFault(error);
      return error;
    }
  }

  async #packOne(ref: CopyRef, conversation: Conversation<CopyRef>): Promise<PackedCopy | Waiting> {
    const { sender } = ref.outgoing.record;
    const receiver = receiverOf(ref);
    // Read before packing: if the keys change meanwhile, the copy is packed once more.
    const before = await this.#receiverKeys.of(receiver);
    const introduction = receiver.isBroadcast
      ? {}
      : await this.#introducedPeers.for(sender, receiver);
    const extra =
      conversation.last === undefined ? {} : followUp(ref.outgoing.content, conversation.last);
    const message = await this.#packer.packContent(
      ref.outgoing.content,
      sender,
      receiver,
      introduction,
      extra,
    );
    if (isWaiting(message)) return message;
    // The first visa may have come meanwhile.
    const keys = before ?? (await this.#receiverKeys.of(receiver));
    const packed = this.#packedCopy(ref, message, introduction.visaTime, keys);
    // Others are never confirmed, or may be replaced before they leave, so a later message must not wait for them.
    const isFollowed = ref.outgoing.record.replaces === undefined && receiver.isUser;
    if (isFollowed && ref.outgoing.expectsReceipt(ref.outgoing.copy(ref.index))) {
      conversation.last = packed.facts.message;
    }
    return packed;
  }

  #packedCopy(
    ref: CopyRef,
    message: ReliableMessage,
    visaTime: number | undefined,
    keys: string | undefined,
  ): PackedCopy {
    return {
      ref,
      bytes: this.#packer.transceiver.serialize(message),
      facts: {
        message: messageID(message),
        signature: encodeBase64(message.signature),
        ...definedOnly({ visaTime, keys }),
      },
    };
  }

  #conversationOf(ref: CopyRef): Conversation<CopyRef> {
    return this.#conversations.of(ref.outgoing.record.sender, receiverOf(ref));
  }
}

/** Whether a copy is packed, left out, or given up. */
function isDone({ outgoing, index }: CopyRef): boolean {
  const { message, state, leftOut } = outgoing.copy(index);
  return message !== undefined || state === 'failed' || leftOut === true;
}

function placeOf(ref: CopyRef, conversation: Conversation<CopyRef>): number {
  return conversation.waiting.findIndex(
    (each) => each.outgoing === ref.outgoing && each.index === ref.index,
  );
}

function receiverOf(ref: CopyRef): ID {
  return ref.outgoing.copy(ref.index).receiver;
}

/** A split copy without a message key cannot be opened by its receiver. */
function hasKey(message: ReliableMessage | undefined): boolean {
  return message?.key !== undefined;
}

/** An application's own member of this name is kept. */
function followUp(content: Content, last: string): { readonly after?: string } {
  return Object.hasOwn(content.wire, 'after') ? {} : { after: last };
}
