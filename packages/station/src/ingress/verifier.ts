import { isWaiting, type Transceiver, type Waiting } from '@dimp/core';
import { verifySignature } from '@dimp/crypto';
import type { ReliableMessage } from '@dimp/dkd';
import { equalJson, fieldError, ProtocolError } from '@dimp/foundation';
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
    await payForSignatures(transceiver, message, pay);
    const verified = await transceiver.verify(message);
    return isWaiting(verified) ? verified : undefined;
  }
  if (sender.isBroadcast || sender.isGroup) throw fieldError('sender', 'is no single user');
  const key = await transceiver.barrack.verifyKey(sender);
  if (key === undefined) return { status: 'waiting', for: 'meta', id: sender };
  if (isLarge(key)) await pay(key, 1);
  const { data, signature } = message;
  if (await verifySignature(key, data, signature, { aside: true })) return undefined;
  throw new ProtocolError('crypto/signature', 'message is not signed by its sender', {
    details: { sender: sender.text },
  });
}

/**
 * Pays for what is verified of a message beyond what the limits of messages expect: a meta and a visa that are not known as
 * they are, and every signature under a large key. What is known is not verified again, and costs nothing.
 *
 * @throws what `pay` throws
 */
export async function payForSignatures(
  { barrack }: Transceiver,
  { envelope: { sender }, meta, visa }: ReliableMessage,
  pay: (key: VerifyKey | undefined, count: number) => Promise<void>,
): Promise<void> {
  const key = await barrack.verifyKey(sender);
  let count = isLarge(key) ? 1 : 0;
  if (meta !== undefined) {
    const known = await barrack.meta(sender);
    if (known === undefined || !equalJson(known.wire, meta)) count += 1;
  }
  if (visa !== undefined) {
    const known = await barrack.documents(sender);
    if (!known.some(({ wire }) => equalJson(wire, visa))) count += 1;
  }
  if (count > 0) await pay(key, count);
}

/** Whether a verification costs more than the limits of messages expect: with elliptic curves it is done in other threads. */
function isLarge(key: VerifyKey | undefined): boolean {
  return key?.algorithm === 'RSA' && verificationCost(key) > 1;
}
