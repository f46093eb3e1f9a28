import type { Clock, Transceiver } from '@dimp/core';
import { addressKey } from '@dimp/core/transport';
import { messageID } from '@dimp/endpoint';
import { ANY_STATION, ANYONE, EVERY_STATION, EVERYONE, type ID, sameEntity } from '@dimp/mkm';
import type { Routes } from '../delivery/routes.ts';
import type { Acquaintance } from '../directory/acquaintances.ts';
import type { Blocking } from '../directory/block-lists.ts';
import type { Names } from '../directory/name-table.ts';
import type { Neighbours } from '../federation/neighbours.ts';
import { BY_SENDER } from '../inbox/copies.ts';
import { copyName } from '../inbox/copy-name.ts';
import type { Inbox } from '../inbox/inbox.ts';
import type { Mailbox } from '../inbox/mailbox.ts';
import { SHORT_LIVED_MS, untilOf } from '../inbox/until.ts';
import type { Limits } from '../limits/limits.ts';
import { STORED_COST, type StoredFor } from '../limits/stored-bytes.ts';
import type { StationMetrics } from '../metrics/metrics.ts';
import { expectedNotice, noticeOf } from '../receipts/notice.ts';
import type { Receipts } from '../receipts/receipts.ts';
import { copiesBytes, groupCopies, groupReceivers } from './group-copies.ts';
import { Refused } from './refused.ts';
import type { Relayed } from './relayed.ts';
import type { Throttle } from './throttle.ts';

/**
 * Bytes that the copies of a short message may take for members that the station has never seen: a small group may be
 * at another station. The copies of a longer message may take as much as the message itself.
 */
const UNSEEN_LEAST = 32 * 1024;

/** Options for {@link Router}. */
export interface RouterOptions {
  readonly id: ID;
  readonly transceiver: Transceiver;
  readonly clock: Clock;
  readonly inbox: Inbox;
  /** Tells which receivers are online. */
  readonly routes: Pick<Routes, 'sinksOf'>;
  readonly receipts: Receipts;
  readonly limits: Limits;
  readonly throttle: Throttle;
  readonly metrics: StationMetrics;
  readonly blocking: Blocking | undefined;
  readonly names: Names | undefined;
  readonly neighbours: Neighbours | undefined;
  readonly acquaintances: Acquaintance;
}

/** Destination of a message by its receiver (spec §11.7). */
export type Destination = 'station' | 'all' | 'name' | 'group' | 'user';

/** Receipt text for an accepted message from a stranger. */
const KEPT = 'Message cached.';

/** Puts checked messages into inboxes, and sends broadcasts to neighbours. */
export class Router {
  readonly #options: RouterOptions;

  constructor(options: RouterOptions) {
    this.#options = options;
  }

  /** Returns the destination for a receiver. */
  destination(receiver: ID): Destination {
    if (!receiver.isBroadcast) {
      if (receiver.isGroup) return 'group';
      return sameEntity(receiver, this.#options.id) ? 'station' : 'user';
    }
    if (sameEntity(receiver, ANY_STATION) || sameEntity(receiver, ANYONE)) return 'station';
    if (sameEntity(receiver, EVERY_STATION) || sameEntity(receiver, EVERYONE)) return 'all';
    return receiver.isGroup ? 'group' : 'name';
  }

  /**
   * Whether a broadcast name, such as `archivist@anywhere`, stands for the station itself.
   *
   * @throws `store/` codes of the operator's names
   */
  async isOwnName({ name }: ID): Promise<boolean> {
    const { names, id } = this.#options;
    const named = name === undefined ? undefined : await names?.lookup(name);
    return named !== undefined && sameEntity(named, id);
  }

  /**
   * Puts a message into the inbox of its receiver. The acknowledgement is held until it is on the disk.
   *
   * @throws a refusal; `store/` codes
   */
  async toUser(relayed: Relayed): Promise<void> {
    const { message } = relayed;
    const { receiver } = message.envelope;
    const { names } = this.#options;
    if (!receiver.isBroadcast) return this.#deliver(relayed, receiver);
    const named = receiver.name === undefined ? undefined : await names?.lookup(receiver.name);
    if (named === undefined) throw new Refused('transport/refused');
    return this.#deliver(relayed, named);
  }

  /**
   * Puts copies of a group message into the inboxes of the members. The receipt to the sender names the members with a
   * copy.
   *
   * @throws a refusal; `store/` codes
   */
  async toGroup(relayed: Relayed): Promise<void> {
    const { message, ack } = relayed;
    const by = bringerOf(relayed);
    const { limits, receipts, transceiver, inbox, throttle } = this.#options;
    const { parseID } = transceiver.protocol;
    const { envelope } = message;
    const { receiver: group, sender } = envelope;
    const members: ID[] = [];
    const passedOver: ID[] = [];
    const until = untilOf(message);
    for (const member of groupReceivers(message, parseID, limits.groupFanOut)) {
      const skipped =
        this.#isTooLateFor(member, until) || (await this.#blocks(member, sender, group));
      (skipped ? passedOver : members).push(member);
    }
    // Members who get no copy count as well: the sender's remaining limit must not show who they are.
    const count = members.length + passedOver.length;
    await throttle.copies(relayed.session, copiesBytes(message, count));
    const copies = groupCopies(message, members, transceiver, limits.groupFanOutBytes);
    const id = messageID(message);
    // Members who have blocked the sender, and those for whom nothing short-lived is stored, are named like the others: the
    // sender must not learn who has blocked them, or who is online.
    const kept: ID[] = [...passedOver];
    /** Bytes left for members that the station has never seen; a sender can invent them. */
    let unseenLeft = Math.max(UNSEEN_LEAST, relayed.payload.length);
    let left = 1;
    let failed = false;
    ack.hold();
    const settled = (error?: unknown): void => {
      left -= 1;
      failed ||= error !== undefined;
      if (left === 0 && !failed && kept.length > 0) {
        const recipients = kept.map(({ text }) => text);
        receipts.notify(noticeOf(message), 'Message forwarded.', { recipients });
      }
      ack.settle(error);
    };
    let failure: unknown;
    try {
      for (const { member, payload, copy } of copies) {
        const mailbox = inbox.opened(member) ?? (await inbox.open(member));
        try {
          const storedFor = await this.#storedFor(relayed, mailbox);
          const cost = storedFor.unseen ? payload.length + STORED_COST : 0;
          const incoming = { payload, id, copy, by, notice: undefined, until, storedFor };
          left += 1;
          ack.hold();
          // A member without room gets no copy, and is not named in the receipt.
          if (cost <= unseenLeft && inbox.append(mailbox, incoming, settled)) {
            unseenLeft -= cost;
            kept.push(member);
          } else settled();
        } finally {
          inbox.close(mailbox);
        }
      }
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      settled(failure);
    }
    if (kept.length === 0 && members.length > 0) throw new Refused('store/quota');
  }

  /** Sends a broadcast to the neighbours. */
  async toAll({ message, payload }: Relayed): Promise<void> {
    const { neighbours, metrics } = this.#options;
    if (neighbours === undefined) return;
    await neighbours.broadcast(message, payload);
    metrics.add('messages.broadcast', 1);
  }

  async #deliver(relayed: Relayed, receiver: ID): Promise<void> {
    const { message, payload, ack, returned } = relayed;
    const { envelope } = message;
    const { inbox, receipts, acquaintances } = this.#options;
    const notice = expectedNotice(message);
    if (notice !== undefined) acquaintances.wrote(envelope.sender, receiver);
    const until = untilOf(message);
    const isBlocked = await this.#blocks(receiver, envelope.sender, envelope.group);
    // A stranger gets the same receipt in all cases, and so does not learn when the receiver is online (spec §14.6 #54).
    const isStranger =
      notice !== undefined && !(await acquaintances.knows(receiver, envelope.sender));
    if (isBlocked || this.#isTooLateFor(receiver, until)) {
      // A blocked sender gets the same receipt as a stranger, after the same write to the disk.
      ack.hold();
      inbox.pretend((error) => {
        const isTold = error === undefined && (isBlocked || isStranger);
        if (isTold && notice !== undefined) receipts.notify(notice, KEPT);
        ack.settle(error);
      });
      return;
    }
    const mailbox = inbox.opened(receiver) ?? (await inbox.open(receiver));
    try {
      const id = messageID(message);
      const copy = copyName(message);
      const storedFor = await this.#storedFor(relayed, mailbox);
      const by = bringerOf(relayed);
      const incoming = {
        ...{ payload, id, copy, by, until, storedFor, returned },
        notice: isStranger ? undefined : notice,
        ...(isStranger ? { kept: () => receipts.notify(notice, KEPT) } : {}),
      };
      ack.hold();
      if (inbox.append(mailbox, incoming, ack.settle)) return;
      ack.settle();
      throw new Refused('store/quota');
    } finally {
      inbox.close(mailbox);
    }
  }

  /** Whether a message is not stored for a receiver: its time is over, or will be soon and the receiver is offline. */
  #isTooLateFor(receiver: ID, until: number | undefined): boolean {
    if (until === undefined) return false;
    const { clock, routes } = this.#options;
    const now = clock.now();
    if (until <= now) return true;
    return until < now + SHORT_LIVED_MS && routes.sinksOf(receiver).length === 0;
  }

  /** Returns who is charged for a message. */
  async #storedFor({ message, session }: Relayed, mailbox: Mailbox): Promise<StoredFor> {
    const { barrack } = this.#options.transceiver;
    if (!mailbox.seen) mailbox.seen = (await barrack.meta(mailbox.receiver)) !== undefined;
    const { sender } = message.envelope;
    const { neighbour, user } = session;
    const address =
      neighbour && user !== undefined ? user.entity : addressKey(session.remote.address);
    return { sender, address, neighbour, unseen: !mailbox.seen };
  }

  async #blocks(receiver: ID, sender: ID, group: ID | undefined): Promise<boolean> {
    const { blocking } = this.#options;
    return blocking === undefined ? false : await blocking.blocks(receiver, sender, group);
  }
}

/** Returns who has sent a copy to this station: the sender of the message, or the neighbour that relays it. */
function bringerOf({ session }: Relayed): string {
  return session.neighbour ? (session.user?.entity ?? '') : BY_SENDER;
}
