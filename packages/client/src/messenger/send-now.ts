import { isWaiting } from '@dimp/core';
import type { Draft, ReliableMessage } from '@dimp/dkd';
import { type ID, sameEntity } from '@dimp/mkm';
import type { Connection } from '../connection/connection.ts';
import type { MessagePacker } from '../outbox/message-packer.ts';

/** Options for {@link sendNow}. */
export interface SendNowOptions {
  /** When the content becomes worthless, in milliseconds since the epoch. */
  readonly until: number;
  /** The user of this machine who sends; the current one by default. */
  readonly sender?: ID;
}

/**
 * Sends a content that means something for a moment only: it is neither stored nor repeated. Stations drop it when its time
 * is over.
 *
 * @returns whether it was handed to a connected transport
 * @throws `identity/not-found` if this machine has no user to send it; `format/` codes for a content that its own type
 *   refuses; `store/` codes
 */
export async function sendNow(
  draft: Draft,
  receiver: ID,
  { until, sender: named }: SendNowOptions,
  packer: MessagePacker,
  connection: Connection,
): Promise<boolean> {
  const sender = await packer.sender(named);
  await packer.facebook.requireSigner(sender);
  const content = await packer.stamp(draft, receiver);
  if (!connection.isUp || until <= packer.facebook.clock.now()) return false;
  const isGroup = receiver.isGroup && !receiver.isBroadcast;
  const members = isGroup ? await packer.facebook.members(receiver) : [receiver];
  let isSent = false;
  for (const to of members) {
    if (isGroup && sameEntity(to, sender)) continue;
    const message = await packer.packContent(content, sender, to);
    if (isWaiting(message)) continue;
    const bytes = packer.transceiver.serialize(withEnd(message, until));
    isSent = (await handOver(bytes, to, connection)) || isSent;
  }
  return isSent;
}

/** Adds the time, in seconds, at which a message becomes worthless. It is not signed (spec §11.7). */
function withEnd(message: ReliableMessage, until: number): ReliableMessage {
  return { ...message, wire: { ...message.wire, until: Math.ceil(until / 1000) } };
}

async function handOver(bytes: Uint8Array, to: ID, connection: Connection): Promise<boolean> {
  try {
    await connection.send(bytes, to);
    return true;
  } catch {
    return false;
  }
}
