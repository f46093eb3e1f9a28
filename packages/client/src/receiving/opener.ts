import { isWaiting, type Transceiver, type Waiting, waiting } from '@dimp/core';
import type { InstantMessage, ReliableMessage } from '@dimp/dkd';
import { ownMember } from '@dimp/foundation';
import type { ID } from '@dimp/mkm';
import type { Facebook } from '../facebook/facebook.ts';
import type { Queries } from '../processing/queries.ts';
import { withFileKey } from './file-key.ts';
import type { Freshness } from './freshness.ts';

/** A message that was verified, decrypted and found fresh. */
export interface OpenedMessage extends InstantMessage {
  readonly user: ID;
  readonly signature: Uint8Array;
}

/** Opens messages, or says what has to arrive first. */
export class Opener {
  readonly #facebook: Facebook;
  readonly #transceiver: Transceiver;
  readonly #freshness: Freshness;
  readonly #queries: Queries;

  constructor(
    facebook: Facebook,
    transceiver: Transceiver,
    freshness: Freshness,
    queries: Queries,
  ) {
    this.#facebook = facebook;
    this.#transceiver = transceiver;
    this.#freshness = freshness;
    this.#queries = queries;
  }

  /** @throws the codes of `verify` and `decrypt`, `policy/expired` */
  async open(message: ReliableMessage): Promise<OpenedMessage | Waiting> {
    this.#freshness.checkAge(message.envelope);
    const verified = await this.#transceiver.verify(message);
    if (isWaiting(verified)) return verified;
    const members = await this.#missingMembers(message);
    if (members !== undefined) return members;
    const opened = await this.#transceiver.decrypt(verified);
    const { envelope } = opened;
    const opening = this.#transceiver.openingOf(opened);
    const content = withFileKey(opened.content, opening?.key, (wire) =>
      this.#facebook.protocol.contents.parse(wire),
    );
    this.#freshness.checkContent(content, envelope);
    const local = await this.#facebook.selectLocalUser(envelope.receiver);
    // It was there a moment ago, when the message was decrypted for it.
    if (local === undefined) throw new TypeError('the user was removed meanwhile');
    await this.#refresh(message);
    return { envelope, content, user: local.id, signature: message.signature };
  }

  /** Who of us a message to a whole group is for, only its member list can tell. */
  async #missingMembers({ envelope }: ReliableMessage): Promise<Waiting | undefined> {
    const { receiver } = envelope;
    if (!receiver.isGroup || receiver.isBroadcast) return undefined;
    const members = await this.#facebook.members(receiver);
    return members.length === 0 ? waiting('members', receiver) : undefined;
  }

  /** The sender tells how new his visa and his group's bulletin are: we ask for them if ours are older (spec §11.4). */
  async #refresh({ envelope, wire }: ReliableMessage): Promise<void> {
    const { sender, group } = envelope;
    await this.#ifNewer(sender, ownMember(wire, 'SDT'));
    if (group !== undefined && !group.isBroadcast)
      await this.#ifNewer(group, ownMember(wire, 'GDT'));
  }

  async #ifNewer(id: ID, time: unknown): Promise<void> {
    if (typeof time !== 'number') return;
    const ours = (await this.#facebook.document(id))?.time ?? 0;
    if (time > ours) await this.#queries.documents(id);
  }
}
