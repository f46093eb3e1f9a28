import {
  bindEnvelope,
  type ContentsOfProtocol,
  type Dialect,
  isWaiting,
  type PackOptions,
  type Protocol,
  seconds,
  splitMessage,
  Transceiver,
  type Waiting,
  waiting,
} from '@dimp/core';
import type {
  Content,
  Draft,
  DraftOf,
  Envelope,
  InstantMessage,
  ReliableMessage,
  UnknownContent,
} from '@dimp/dkd';
import { ProtocolError } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { Facebook } from './facebook.ts';
import type { KeyStore } from './key-store.ts';

/** What a messenger is made with. */
export interface MessengerOptions<P extends Protocol> {
  readonly facebook: Facebook<P>;
  readonly keyStore?: KeyStore;
  /** How peers want things spelled; today's network by default. */
  readonly dialect?: Dialect;
}

/** Options of packing one content. */
export interface MessagePackOptions extends PackOptions {
  /** User of this machine who speaks; the current one by default. */
  readonly sender?: ID;
}

/** How a group message travels (spec §11.3). */
export type GroupForm = 'hidden' | 'split' | 'whole';

/** Options of packing a content for a group. */
export interface GroupPackOptions extends MessagePackOptions {
  /** By default hidden below 16 members, split from there on. */
  readonly form?: GroupForm;
}

/** Groups from this size on are encrypted once and split (spec §11.3). */
const SPLIT_FROM = 16;

/** A message in the clear, with a content this protocol knows or an unknown one. */
export type ReceivedMessage<P extends Protocol> = InstantMessage<
  (ContentsOfProtocol<P> & Content) | UnknownContent
>;

/**
 * Packs contents into messages and unpacks messages into contents, for the users of a facebook.
 *
 * @example
 * ```ts
 * const messenger = new Messenger({ facebook });
 * const message = await messenger.pack(Text.create({ text: 'Hello world!' }), hulk);
 * if (!isWaiting(message)) send(messenger.serialize(message));
 * ```
 */
export class Messenger<P extends Protocol = Protocol> {
  readonly facebook: Facebook<P>;
  readonly transceiver: Transceiver;

  constructor({ facebook, keyStore, dialect }: MessengerOptions<P>) {
    this.facebook = facebook;
    this.transceiver = new Transceiver({
      barrack: facebook,
      ...(keyStore === undefined ? {} : { keyCache: keyStore }),
      ...(dialect === undefined ? {} : { dialect }),
    });
  }

  /**
   * Packs a content for a receiver: numbers and dates it, encrypts and signs it.
   *
   * The IDs of sender and receiver go into the content as well: the receiver cannot pass it on as if it were for somebody
   * else, nor anybody pass the ciphertext off as his own (spec §14.2 #20).
   *
   * @returns the message, or what has to arrive first
   * @throws `identity/not-found` if there is no user of this machine to send it
   */
  async pack(
    draft: DraftOf<ContentsOfProtocol<P>>,
    receiver: ID,
    options: MessagePackOptions = {},
  ): Promise<ReliableMessage | Waiting> {
    const sender = await this.#sender(options.sender);
    // What a group reads must name the group inside (spec §8.7).
    const group = receiver.isGroup && !receiver.isBroadcast ? receiver : undefined;
    return this.#packContent(this.#stamp(draft, group), sender, receiver, options);
  }

  /**
   * Packs a content for a group: hidden (a personal message for each member), split (encrypted once, a copy for each
   * member), or whole (one message that a station or bot splits) (spec §11.3).
   *
   * @returns the messages, or what has to arrive first. Members who cannot be reached yet are left out.
   */
  async packForGroup(
    draft: DraftOf<ContentsOfProtocol<P>>,
    group: ID,
    options: GroupPackOptions = {},
  ): Promise<readonly ReliableMessage[] | Waiting> {
    if (!group.isGroup || group.isBroadcast) throw new TypeError('not a group with members');
    const sender = await this.#sender(options.sender);
    const members = await this.facebook.members(group);
    if (members.length === 0) return waiting('members', group);
    const others = members.filter((member) => !sameEntity(member, sender));
    const form = options.form ?? (members.length < SPLIT_FROM ? 'hidden' : 'split');
    if (form === 'hidden') return this.#packHidden(draft, group, sender, others, options);
    const whole = await this.pack(draft, group, { ...options, sender });
    if (isWaiting(whole)) return whole;
    if (form === 'whole') return [whole];
    const { dialect = this.transceiver.dialect } = options;
    return splitMessage(whole, others, this.facebook.protocol.parseID, dialect);
  }

  /**
   * Unpacks a message from its bytes: reads, verifies, decrypts it and checks its content against the envelope.
   *
   * @returns the message in the clear, or that the sender's meta has to arrive first
   * @throws the codes of `Transceiver.deserialize`, `verify` and `decrypt`
   */
  async unpack(bytes: Uint8Array | string): Promise<ReceivedMessage<P> | Waiting> {
    const verified = await this.transceiver.verify(this.transceiver.deserialize(bytes));
    if (isWaiting(verified)) return verified;
    return (await this.transceiver.decrypt(verified)) as ReceivedMessage<P>;
  }

  /** The bytes of a message as they travel. */
  serialize(message: ReliableMessage): Uint8Array {
    return this.transceiver.serialize(message);
  }

  /** One content for all: members can tell by its serial number that they read the same (spec §8.7). */
  async #packHidden(
    draft: DraftOf<ContentsOfProtocol<P>>,
    group: ID,
    sender: ID,
    receivers: readonly ID[],
    options: PackOptions,
  ): Promise<readonly ReliableMessage[] | Waiting> {
    const content = this.#stamp(draft, group);
    const messages: ReliableMessage[] = [];
    let missing: Waiting | undefined;
    for (const receiver of receivers) {
      const message = await this.#packContent(content, sender, receiver, options);
      if (isWaiting(message)) missing ??= message;
      else messages.push(message);
    }
    return messages.length === 0 && missing !== undefined ? missing : messages;
  }

  async #packContent(
    content: Content,
    sender: ID,
    receiver: ID,
    options: PackOptions,
  ): Promise<ReliableMessage | Waiting> {
    const envelope: Envelope = { sender, receiver, time: content.time ?? 0 };
    const bound = bindEnvelope(content, envelope);
    const secure = await this.transceiver.encrypt({ envelope, content: bound }, options);
    return isWaiting(secure) ? secure : this.transceiver.sign(secure, options);
  }

  #stamp(draft: DraftOf<ContentsOfProtocol<P>>, group: ID | undefined): Content {
    const given: Draft = draft;
    const addressed = group === undefined ? given : { ...given, group };
    return this.facebook.protocol.contents.stamp(addressed as never, {
      time: seconds(this.facebook.clock),
    });
  }

  async #sender(sender: ID | undefined): Promise<ID> {
    const id = sender ?? (await this.facebook.currentUser())?.id;
    if (id === undefined) {
      throw new ProtocolError('identity/not-found', 'there is no user on this machine');
    }
    return id;
  }
}
