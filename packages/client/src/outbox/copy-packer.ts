import { isWaiting, type Waiting, waiting } from '@dimp/core';
import type { Content, ReliableMessage } from '@dimp/dkd';
import { messageID } from '@dimp/endpoint';
import { encodeBase64, isProtocolError, type ProtocolError } from '@dimp/foundation';
import type { EntityKey, ID } from '@dimp/mkm';
import { type Conversation, ConversationOrder } from './conversation-order.ts';
import type { IntroducedPeers } from './introduced-peers.ts';
import type { MessagePacker } from './message-packer.ts';
import type { CopyRef, OutgoingMessage, PackedFacts } from './outgoing-message.ts';
import type { ReceiverKeys } from './receiver-keys.ts';

/** A copy that can travel. */
export interface PackedMessage {
  readonly ref: CopyRef;
  readonly bytes: Uint8Array;
  readonly facts: PackedFacts;
}

/** What became of an attempt to pack copies. */
export interface PackResult {
  readonly packed: readonly PackedMessage[];
  /** Copies that have to wait; they stand in their conversation. */
  readonly blocked: readonly { readonly ref: CopyRef; readonly by: Waiting }[];
  /** Copies that can never be packed. */
  readonly failed: readonly { readonly ref: CopyRef; readonly error: ProtocolError }[];
}

/**
 * Makes the messages of outgoing contents, in order for each direction.
 *
 * A personal message names, inside its content, the one before it in the same direction as long as nobody has confirmed
 * that one (`after`): on a network that delays and repeats, the receiver's program can put them in order again. Programs
 * that do not know this member ignore it.
 */
export class CopyPacker {
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
   * Packs copies of one message that have a receiver each.
   *
   * @param onPacked - called for each copy in its turn, before the next message of the same direction is packed
   */
  async pack(
    refs: readonly CopyRef[],
    onPacked: (message: PackedMessage) => void,
  ): Promise<PackResult> {
    const packed: PackedMessage[] = [];
    const blocked: { ref: CopyRef; by: Waiting }[] = [];
    const failed: { ref: CopyRef; error: ProtocolError }[] = [];
    await Promise.all(
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
          // Who waits here already goes first, even if the conversation has just been opened.
          const behind = first !== undefined && place !== 0;
          const outcome = behind
            ? (conversation.blockedBy ?? waiting('visa', receiverOf(ref)))
            : (conversation.blockedBy ?? (await this.#tryToPack(ref, conversation)));
          if (isProtocolError(outcome)) {
            // Those behind it go on.
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
    return { packed, blocked, failed };
  }

  /**
   * Packs one message for a whole group and splits it for its members. Members whose key is not known come back as
   * blocked: they get a personal copy later.
   */
  async packSplit(
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
    const result = await this.pack(
      refs.filter((ref) => !reached.includes(ref)),
      () => {},
    );
    const packed = reached.map((ref) => {
      const index = refs.indexOf(ref);
      const { visaTime } = introduction;
      return this.#packedMessage(ref, copies[index] as ReliableMessage, visaTime, keys[index]);
    });
    return { ...result, packed: [...packed, ...result.packed] };
  }

  /**
   * Packs copies of one direction anew, one after the other: each names the new form of the one before it.
   *
   * @param select - which ones, in order; called when nobody else packs in this direction
   * @param onPacked - called for each in its turn
   */
  async renew(
    sender: ID,
    receiver: ID,
    select: () => Promise<readonly CopyRef[]>,
    onPacked: (message: PackedMessage) => Promise<void>,
  ): Promise<void> {
    const conversation = this.#conversations.of(sender, receiver);
    await this.#conversations.inTurn(conversation, async () => {
      const refs = await select();
      const last = conversation.last;
      // Of those before them, whoever has the new keys has got everything, or never will.
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

  /** Notes a message that was packed in an earlier lifecycle and is not confirmed yet. Called in order. */
  recall(ref: CopyRef): void {
    const { message } = ref.outgoing.copy(ref.index);
    if (message !== undefined) this.#conversationOf(ref).last = message;
  }

  /** A message is known to have arrived, or will never: the next one need not name it. */
  forget(ref: CopyRef): void {
    const conversation = this.#conversationOf(ref);
    if (conversation.last === ref.outgoing.copy(ref.index).message) conversation.last = undefined;
  }

  /** An entity's meta or visa has arrived: what waited for it can be packed. */
  open(entity: EntityKey): void {
    this.#conversations.open(entity);
  }

  /** Copies that wait in conversations which are open again; the first of each. */
  released(): readonly CopyRef[] {
    for (const ref of this.#conversations.first()) if (isDone(ref)) this.withdraw(ref);
    return this.#conversations.first();
  }

  /** Takes a copy out of its conversation, if it waits there. */
  withdraw(ref: CopyRef): void {
    const conversation = this.#conversationOf(ref);
    const place = placeOf(ref, conversation);
    if (place !== -1) conversation.waiting.splice(place, 1);
  }

  reduceMemory(): void {
    this.#conversations.prune();
  }

  /** @throws `store/` codes, which say nothing of the message */
  async #tryToPack(
    ref: CopyRef,
    conversation: Conversation<CopyRef>,
  ): Promise<PackedMessage | Waiting | ProtocolError> {
    try {
      return await this.#packOne(ref, conversation);
    } catch (error) {
      if (isProtocolError(error) && !error.code.startsWith('store/')) return error;
      throw error;
    }
  }

  async #packOne(
    ref: CopyRef,
    conversation: Conversation<CopyRef>,
  ): Promise<PackedMessage | Waiting> {
    const { sender } = ref.outgoing.record;
    const receiver = receiverOf(ref);
    // Before it is packed: if they change meanwhile, it is packed once more.
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
    // The first visa may have come in the meantime.
    const keys = before ?? (await this.#receiverKeys.of(receiver));
    const packed = this.#packedMessage(ref, message, introduction.visaTime, keys);
    // Nobody confirms the others, so the next one could name them for ever.
    if (ref.outgoing.expectsReceipt(ref.outgoing.copy(ref.index)) && receiver.isUser) {
      conversation.last = packed.facts.message;
    }
    return packed;
  }

  #packedMessage(
    ref: CopyRef,
    message: ReliableMessage,
    visaTime: number | undefined,
    keys: string | undefined,
  ): PackedMessage {
    return {
      ref,
      bytes: this.#packer.transceiver.serialize(message),
      facts: {
        message: messageID(message),
        signature: encodeBase64(message.signature),
        ...(visaTime === undefined ? {} : { visaTime }),
        ...(keys === undefined ? {} : { keys }),
      },
    };
  }

  #conversationOf(ref: CopyRef): Conversation<CopyRef> {
    return this.#conversations.of(ref.outgoing.record.sender, receiverOf(ref));
  }
}

/** Packed already, or given up. */
function isDone({ outgoing, index }: CopyRef): boolean {
  const { message, state } = outgoing.copy(index);
  return message !== undefined || state === 'failed';
}

function placeOf(ref: CopyRef, conversation: Conversation<CopyRef>): number {
  return conversation.waiting.findIndex(
    (each) => each.outgoing === ref.outgoing && each.index === ref.index,
  );
}

function receiverOf(ref: CopyRef): ID {
  return ref.outgoing.copy(ref.index).receiver;
}

/** A split copy whose receiver cannot open it has no message key. */
function hasKey(message: ReliableMessage | undefined): boolean {
  return message?.key !== undefined;
}

/** An application's own member of this name stays what it is. */
function followUp(content: Content, last: string): { readonly after?: string } {
  return Object.hasOwn(content.wire, 'after') ? {} : { after: last };
}
