import {
  type DecryptOptions,
  isWaiting,
  type Opening,
  type Transceiver,
  type Waiting,
  waiting,
} from '@dimp/core';
import type { Content, InstantMessage, ReliableMessage, Verified } from '@dimp/dkd';
import type { Facebook, Freshness, Queries } from '@dimp/endpoint';
import { isCommand } from '@dimp/endpoint';
import { isProtocolError, ownMember, ProtocolError } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Acceptance } from './acceptance.ts';
import { withFileKey } from './file-key.ts';

/** A message that was verified and decrypted. */
export interface OpenedMessage extends InstantMessage, Pick<Opening, 'proven' | 'timeTrusted'> {
  readonly user: ID;
  readonly signature: Uint8Array;
}

/** What an {@link MessageOpener} is made with. */
export interface MessageOpenerOptions {
  readonly facebook: Facebook;
  readonly transceiver: Transceiver;
  readonly freshness: Freshness;
  readonly queries: Queries;
  readonly acceptance: Acceptance;
}

/** Opens messages, or says what has to arrive first. */
export class MessageOpener {
  readonly #facebook: Facebook;
  readonly #transceiver: Transceiver;
  readonly #freshness: Freshness;
  readonly #queries: Queries;
  readonly #acceptance: Acceptance;
  readonly #afterVerification = new WeakSet<object>();

  constructor({ facebook, transceiver, freshness, queries, acceptance }: MessageOpenerOptions) {
    this.#facebook = facebook;
    this.#transceiver = transceiver;
    this.#freshness = freshness;
    this.#queries = queries;
    this.#acceptance = acceptance;
  }

  /**
   * Opens a message and checks its age.
   *
   * @param user - the user of this machine whom it is for, if there is one
   * @throws the codes of `verify` and `decrypt`, `policy/expired`
   */
  async open(message: ReliableMessage, user: ID | undefined): Promise<OpenedMessage | Waiting> {
    let isVerified = false;
    try {
      this.#freshness.checkAge(message.envelope);
      const verified = await this.#transceiver.verify(message);
      if (isWaiting(verified)) return verified;
      isVerified = true;
      const members = await this.#missingMembers(message);
      if (members !== undefined) return members;
      // Before it is opened: whether it can be opened must not be seen by what we ask for.
      await this.#refresh(message);
      const opened = await this.#decrypt(verified, user, { keepRefused: true });
      this.#freshness.checkContent(opened.content, opened.envelope);
      return opened;
    } catch (error) {
      const refusal = refusalOf(error);
      if (isVerified) this.#afterVerification.add(refusal);
      throw refusal;
    }
  }

  /**
   * Opens a message that is shown as evidence of something in the past: its age does not count, nor whether its sender is
   * a member of the group today.
   *
   * @throws the codes of `verify` and `decrypt`
   */
  async openEvidence(message: ReliableMessage): Promise<OpenedMessage | Waiting> {
    const verified = await this.#transceiver.verify(message);
    if (isWaiting(verified)) return verified;
    const user = (await this.#facebook.selectLocalUser(message.envelope.receiver))?.id;
    return this.#decrypt(verified, user, { anyMember: true });
  }

  /** Whether an error of {@link MessageOpener.open} concerns a message that its sender has signed. */
  wasVerified(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#afterVerification.has(error);
  }

  /**
   * Whether an error of {@link MessageOpener.open} says that a message opened and contradicts its envelope. Nobody signs the
   * envelope, so the genuine copy is still to come.
   */
  contradictsEnvelope(error: unknown): boolean {
    const failure = this.#transceiver.failureOf(error);
    return (
      isProtocolError(error, 'format/field') && (failure === 'proven' || failure === 'unproven')
    );
  }

  async #decrypt(
    message: Verified<ReliableMessage>,
    user: ID | undefined,
    options: DecryptOptions,
  ): Promise<OpenedMessage> {
    const opened = await this.#transceiver.decrypt(message, options);
    const { envelope } = opened;
    // It was decrypted for a user of this machine, who can only have been added meanwhile.
    if (user === undefined) throw new TypeError('the user was added while the message was opened');
    const opening = this.#transceiver.openingOf(opened);
    const { key, proven = false, timeTrusted = false, refused } = opening ?? {};
    if (refused !== undefined && !(await this.#mayKeep(opened, user, proven))) throw refused;
    const content = withFileKey(opened.content, key, (wire) => this.#parse(wire));
    const { signature } = message;
    return { envelope, content, user, signature, proven, timeTrusted };
  }

  /**
   * Whether a content that its type refuses is kept like an unknown one: it may come from a newer program. Those whose
   * sender may not know what is in them, and commands, which nobody would be shown, are refused.
   */
  async #mayKeep(
    { envelope, content }: InstantMessage,
    user: ID,
    proven: boolean,
  ): Promise<boolean> {
    if (isCommand(content)) return false;
    return proven || (await this.#acceptance.has(user, envelope.sender));
  }

  #parse(wire: Content['wire']): Content {
    return this.#facebook.protocol.contents.parse(wire);
  }

  /** Who of us a message to a whole group is for, only its member list can tell. */
  async #missingMembers({ envelope }: ReliableMessage): Promise<Waiting | undefined> {
    const { receiver } = envelope;
    if (!receiver.isGroup || receiver.isBroadcast) return undefined;
    const members = await this.#facebook.members(receiver);
    return members.length === 0 ? waiting('members', receiver) : undefined;
  }

  /** The sender tells how new their visa and their group's bulletin are: we ask for them if ours are older (spec §11.4). */
  async #refresh({ envelope, wire }: ReliableMessage): Promise<void> {
    const { sender, group } = envelope;
    await this.#ifNewer(sender, ownMember(wire, 'SDT'));
    if (group === undefined || group.isBroadcast) return;
    // Anybody can write any group beside a message: only those that we know are asked about.
    if ((await this.#facebook.meta(group)) !== undefined) {
      await this.#ifNewer(group, ownMember(wire, 'GDT'));
    }
  }

  async #ifNewer(id: ID, time: unknown): Promise<void> {
    if (typeof time !== 'number') return;
    const ours = (await this.#facebook.document(id))?.time ?? 0;
    if (time > ours) await this.#queries.documents(id);
  }
}

/** What was thrown while a message was read, by a plug-in perhaps: whatever it is, it refuses this one message. */
export function refusalOf(error: unknown): ProtocolError {
  if (isProtocolError(error)) return error;
  return new ProtocolError('format/field', 'message cannot be read', { cause: error });
}
