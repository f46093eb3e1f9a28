import {
  bindEnvelope,
  isWaiting,
  type PackOptions,
  seconds,
  splitMessage,
  type Transceiver,
  type Waiting,
  waiting,
} from '@dimp/core';
import type { Content, Draft, Envelope, ReliableMessage } from '@dimp/dkd';
import type { Facebook } from '@dimp/endpoint';
import { requireID } from '@dimp/endpoint';
import { definedOnly, fieldError, type JsonObject, ProtocolError } from '@dimp/foundation';
import { type ID, sameEntity } from '@dimp/mkm';
import type { Services } from '../services/services.ts';

/** Options for packing one content. */
export interface MessagePackOptions extends PackOptions {
  /** The user of this machine who sends; the current one by default. */
  readonly sender?: ID;
}

/** Number and time of a content, in seconds. */
export interface Stamp {
  readonly sn: number;
  readonly time: number;
}

/** Form of a group message (spec §11.3). */
export type GroupForm = 'hidden' | 'split' | 'whole';

/** Options for packing a content for a group. */
export interface GroupPackOptions extends MessagePackOptions {
  /** By default `hidden` below 16 members, else `split`. */
  readonly form?: GroupForm;
}

/** Groups from this size on are encrypted once and split (spec §11.3). */
const SPLIT_FROM = 16;

/** Returns the default form of a message to a group with these members. */
export function groupFormFor(members: readonly ID[]): GroupForm {
  return members.length < SPLIT_FROM ? 'hidden' : 'split';
}

/** Makes messages of contents: numbers, dates, binds, encrypts and signs them. It has no state. */
export class MessagePacker {
  readonly facebook: Facebook;
  readonly transceiver: Transceiver;
  readonly #services: Services;

  constructor(facebook: Facebook, transceiver: Transceiver, services: Services) {
    this.facebook = facebook;
    this.transceiver = transceiver;
    this.#services = services;
  }

  /**
   * Numbers and dates a draft, and adds the members that services have for it. The content of a group message must name the
   * group (spec §8.7).
   *
   * @param stamp - number and time instead of the next number and the present time
   * @throws `format/field` and other `format/` codes for a content that the receiver's program would refuse: the
   *   messages behind it would wait for it; `unsupported/content`; `TypeError` for a receiver that is not an ID; what a
   *   service throws
   */
  async stamp(draft: Draft, receiver: ID, { sn, time }: Partial<Stamp> = {}): Promise<Content> {
    requireID(receiver, 'the receiver');
    if (time !== undefined && !(time > 0 && time < Number.POSITIVE_INFINITY)) {
      throw fieldError('time', 'must be a positive number of seconds');
    }
    if (sn !== undefined && !(Number.isSafeInteger(sn) && sn > 0)) {
      throw fieldError('sn', 'must be a positive integer');
    }
    const group = receiver.isGroup && !receiver.isBroadcast ? receiver : draft.group;
    const addressed = group === undefined ? draft : { ...draft, group };
    const { contents } = this.facebook.protocol;
    const stamped = contents.stamp(addressed, {
      time: time ?? seconds(this.facebook.clock),
      ...definedOnly({ sn }),
    });
    const extra = await this.#services.extra(stamped, receiver);
    const content = withMembers(stamped, extra);
    contents.parse(content.wire);
    return content;
  }

  /**
   * Packs a stamped content into one message.
   *
   * @param extra - additional members of the content, such as the message it follows
   */
  async packContent(
    content: Content,
    sender: ID,
    receiver: ID,
    options: PackOptions = {},
    extra: JsonObject = {},
  ): Promise<ReliableMessage | Waiting> {
    const envelope: Envelope = { sender, receiver, time: content.time ?? 0 };
    const bound = bindEnvelope({ ...content, wire: { ...content.wire, ...extra } }, envelope);
    const secure = await this.transceiver.encrypt({ envelope, content: bound }, options);
    return isWaiting(secure) ? secure : this.transceiver.sign(secure, options);
  }

  /** Splits a message to a whole group into copies for some of its members (spec §8.7). */
  split(
    whole: ReliableMessage,
    members: readonly ID[],
    { dialect = this.transceiver.dialect }: PackOptions = {},
  ): readonly ReliableMessage[] {
    return splitMessage(whole, members, this.facebook.protocol.parseID, dialect);
  }

  async pack(
    draft: Draft,
    receiver: ID,
    options: MessagePackOptions,
  ): Promise<ReliableMessage | Waiting> {
    const sender = await this.sender(options.sender);
    return this.packContent(await this.stamp(draft, receiver), sender, receiver, options);
  }

  async packForGroup(
    draft: Draft,
    group: ID,
    options: GroupPackOptions,
  ): Promise<readonly ReliableMessage[] | Waiting> {
    requireID(group, 'the group');
    if (!group.isGroup || group.isBroadcast) throw new TypeError('the group must have members');
    const sender = await this.sender(options.sender);
    const members = await this.facebook.members(group);
    if (members.length === 0) return waiting('members', group);
    const others = members.filter((member) => !sameEntity(member, sender));
    const form = options.form ?? groupFormFor(members);
    const content = await this.stamp(draft, group);
    if (form === 'hidden') return this.#packHidden(content, sender, others, options);
    const whole = await this.packContent(content, sender, group, options);
    if (isWaiting(whole)) return whole;
    return form === 'whole' ? [whole] : this.split(whole, others, options);
  }

  /** @throws `identity/not-found` if this machine has no user to send it */
  async sender(sender: ID | undefined): Promise<ID> {
    if (sender !== undefined) requireID(sender, 'the sender');
    const id = sender ?? (await this.facebook.currentUser())?.id;
    if (id === undefined) {
      throw new ProtocolError('identity/not-found', 'this machine has no user yet');
    }
    return id;
  }

  /**
   * All copies have the same content. Members can tell by its serial number that they read the same message (spec
   * §8.7).
   */
  async #packHidden(
    content: Content,
    sender: ID,
    receivers: readonly ID[],
    options: PackOptions,
  ): Promise<readonly ReliableMessage[] | Waiting> {
    const messages: ReliableMessage[] = [];
    let missing: Waiting | undefined;
    for (const receiver of receivers) {
      const message = await this.packContent(content, sender, receiver, options);
      if (isWaiting(message)) missing ??= message;
      else messages.push(message);
    }
    return messages.length === 0 && missing !== undefined ? missing : messages;
  }
}

/** Adds members behind those that a content has; existing ones stay. */
function withMembers(content: Content, more: JsonObject): Content {
  const added = Object.entries(more).filter(([name]) => !Object.hasOwn(content.wire, name));
  if (added.length === 0) return content;
  return { ...content, wire: { ...content.wire, ...Object.fromEntries(added) } };
}
