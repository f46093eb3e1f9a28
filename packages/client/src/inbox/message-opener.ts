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
import type { Services } from '../services/services.ts';
import type { Acceptance } from './acceptance.ts';
import { withFileKey } from './file-key.ts';

/** A message that was verified and decrypted. */
export interface OpenedMessage extends InstantMessage, Pick<Opening, 'proven' | 'timeTrusted'> {
  readonly user: ID;
  readonly signature: Uint8Array;
}

/** Result of a verification ahead of time. */
type Verdict =
  | { readonly verified: Verified<ReliableMessage>; readonly refused?: never }
  | { readonly refused: ProtocolError; readonly verified?: never };

/** Options for {@link MessageOpener}. */
export interface MessageOpenerOptions {
  readonly facebook: Facebook;
  readonly transceiver: Transceiver;
  readonly freshness: Freshness;
  readonly queries: Queries;
  readonly acceptance: Acceptance;
  readonly services: Services;
}

/** Verifies and decrypts messages, or returns what must arrive first. */
export class MessageOpener {
  readonly #facebook: Facebook;
  readonly #transceiver: Transceiver;
  readonly #freshness: Freshness;
  readonly #queries: Queries;
  readonly #acceptance: Acceptance;
  readonly #services: Services;
  readonly #afterVerification = new WeakSet<object>();
  /** Messages whose verification was begun; undefined if it has to be done again. */
  readonly #ahead = new WeakMap<ReliableMessage, Promise<Verdict | undefined>>();

  constructor(options: MessageOpenerOptions) {
    this.#facebook = options.facebook;
    this.#transceiver = options.transceiver;
    this.#freshness = options.freshness;
    this.#queries = options.queries;
    this.#acceptance = options.acceptance;
    this.#services = options.services;
  }

  /**
   * Begins to verify a message that is opened later. Its signature depends on no other message; decryption does, and waits
   * for its turn.
   *
   * @param isKnown - whether it was received before: then it costs nothing more
   */
  verifyAhead(message: ReliableMessage, isKnown: () => Promise<boolean>): void {
    const verify = async (): Promise<Verdict | undefined> => {
      try {
        this.#freshness.checkAge(message.envelope);
        if (await isKnown()) return undefined;
        const verified = await this.#transceiver.verify(message);
        return isWaiting(verified) ? undefined : { verified };
      } catch (error) {
        // A signature stays false. Anything else may depend on what an earlier message brings.
        return isProtocolError(error, 'crypto/signature') ? { refused: error } : undefined;
      }
    };
    this.#ahead.set(message, verify());
  }

  /**
   * Opens a message and checks its age.
   *
   * @param user - the user of this machine who receives it, if there is one
   * @throws the codes of `verify` and `decrypt`, `policy/expired`
   */
  async open(message: ReliableMessage, user: ID | undefined): Promise<OpenedMessage | Waiting> {
    let isVerified = false;
    try {
      this.#freshness.checkAge(message.envelope);
      const verdict = await this.#ahead.get(message);
      if (verdict?.refused !== undefined) throw verdict.refused;
      const verified = verdict?.verified ?? (await this.#transceiver.verify(message));
      if (isWaiting(verified)) return verified;
      isVerified = true;
      const members = await this.#missingMembers(message);
      if (members !== undefined) return members;
      // Before decryption: our questions must not show whether the message can be decrypted.
      await this.#refresh(message);
      let unknown: ID | undefined;
      const opened = await this.#decrypt(verified, user, {
        keepRefused: true,
        maySpeak: async (group, sender, content) => {
          const answer = await this.#services.membership(group, sender, content);
          if (answer === 'wait') unknown = group;
          return answer === undefined ? undefined : answer !== 'no';
        },
      });
      if (unknown !== undefined) return waiting('members', unknown);
      this.#freshness.checkContent(opened.content, opened.envelope);
      return opened;
    } catch (error) {
      const refusal = refusalOf(error);
      if (isVerified) this.#afterVerification.add(refusal);
      throw refusal;
    }
  }

  /**
   * Opens a message that was forwarded as evidence. It may have any age, and its sender need not be a member of the
   * group today.
   *
   * @throws the codes of `verify` and `decrypt`
   */
  async openEvidence(message: ReliableMessage): Promise<OpenedMessage | Waiting> {
    const verified = await this.#transceiver.verify(message);
    if (isWaiting(verified)) return verified;
    const user = (await this.#facebook.selectLocalUser(message.envelope.receiver))?.id;
    return this.#decrypt(verified, user, { anyMember: true });
  }

  /** Whether an error of {@link MessageOpener.open} is about a message with a valid signature. */
  wasVerified(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.#afterVerification.has(error);
  }

  /**
   * Whether an error of {@link MessageOpener.open} says that the content contradicts the envelope. The envelope is not
   * signed, so the genuine copy may still come.
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
    // The message was decrypted for a user who was added meanwhile.
    if (user === undefined) throw new TypeError('the user was added while the message was opened');
    const opening = this.#transceiver.openingOf(opened);
    const { key, proven = false, timeTrusted = false, refused } = opening ?? {};
    if (refused !== undefined && !(await this.#mayKeep(opened, user, proven))) throw refused;
    const content = withFileKey(opened.content, key, (wire) => this.#parse(wire));
    const { signature } = message;
    return { envelope, content, user, signature, proven, timeTrusted };
  }

  /**
   * Whether a content that its type refuses is kept as an unknown one, because it may come from a newer program.
   * Commands are refused, and unproven messages of strangers.
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

  /** Only the member list tells which of our users receives a message to a whole group. */
  async #missingMembers({ envelope }: ReliableMessage): Promise<Waiting | undefined> {
    const { receiver } = envelope;
    if (!receiver.isGroup || receiver.isBroadcast) return undefined;
    const members = await this.#facebook.members(receiver);
    return members.length === 0 ? waiting('members', receiver) : undefined;
  }

  /**
   * Asks for the sender's visa and the group's bulletin if the message says that they are newer than ours (spec §11.4).
   */
  async #refresh({ envelope, wire }: ReliableMessage): Promise<void> {
    const { sender, group } = envelope;
    await this.#ifNewer(sender, ownMember(wire, 'SDT'));
    if (group === undefined || group.isBroadcast) return;
    // Any peer can name any group in the envelope, so only known groups are asked for.
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

/** Makes a refusal of any error that was thrown while a message was read, for example by a plug-in. */
export function refusalOf(error: unknown): ProtocolError {
  if (isProtocolError(error)) return error;
  return new ProtocolError('format/field', 'the message cannot be read', { cause: error });
}
