import { isWaiting, type Transceiver, type Waiting } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { fieldError, ProtocolError } from '@dimp/foundation';
import { type VerifyKey, verificationCost } from '../limits/verification-cost.ts';

/**
 * Verifies a message that is relayed, with its sender's meta key (spec §14.1 #6 and #8). It does what the transceiver does;
 * a message without meta and visa, as nearly all are, needs less for it, and another thread verifies it where that pays.
 *
 * @param pay - called before signatures are verified that cost more than those of most messages
 * @returns that the sender's meta has to arrive first, if it is not known
 * @throws what `pay` throws; `crypto/signature`; `identity/` codes for wrong attachments; `store/` codes
 */
export async function verifyRelayed(
  transceiver: Transceiver,
  message: ReliableMessage,
  pay: (key: VerifyKey | undefined, count: number) => Promise<void>,
): Promise<Waiting | undefined> {
  const { sender } = message.envelope;
  if (message.meta !== undefined || message.visa !== undefined) {
    await pay(await transceiver.barrack.verifyKey(sender), signaturesOf(message));
    const verified = await transceiver.verify(message);
    return isWaiting(verified) ? verified : undefined;
  }
  if (sender.isBroadcast || sender.isGroup) throw fieldError('sender', 'is no single user');
  const key = await transceiver.barrack.verifyKey(sender);
  if (key === undefined) return { status: 'waiting', for: 'meta', id: sender };
  if (isCostly(key, 1)) await pay(key, 1);
  const { data, signature } = message;
  const valid = key.verifyAside?.(data, signature) ?? key.verify(data, signature);
  if (await valid) return undefined;
  throw new ProtocolError('crypto/signature', 'message is not signed by its sender', {
    details: { sender: sender.text },
  });
}

/** How many signatures of its sender a message shows: its own, and those of the meta and visa that it brings. */
export function signaturesOf({ meta, visa }: ReliableMessage): number {
  return 1 + (meta === undefined ? 0 : 1) + (visa === undefined ? 0 : 1);
}

/** Whether verifying costs more than the limits of messages expect: with elliptic curves it is done in other threads. */
export function isCostly(key: VerifyKey | undefined, count: number): boolean {
  return count > 1 || (key?.algorithm === 'RSA' && verificationCost(key) > 1);
}
