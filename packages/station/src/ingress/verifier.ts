import { isWaiting, type Transceiver, type Waiting } from '@dimp/core';
import { verifySignature } from '@dimp/crypto';
import type { ReliableMessage } from '@dimp/dkd';
import { equalJson, fieldError, ProtocolError } from '@dimp/foundation';
import { type VerifyKey, verificationCost } from '../limits/verification-cost.ts';

/**
 * Verifies a message to be relayed with the meta key of its sender (spec §14.1 #6 and #8), as the transceiver does. A
 * message without meta and visa, which is the usual case, needs fewer steps, and is verified in another thread where
 * that is faster.
 *
 * @param pay - called before signatures are verified that cost more than that of a usual message
 * @returns what has to arrive first if the meta of the sender is unknown
 * @throws the errors of `pay`; `crypto/signature`; `crypto/key`; `identity/` codes for wrong attachments; `store/`
 *   codes
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
  if (sender.isBroadcast || sender.isGroup) throw fieldError('sender', 'must be a single user');
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
 * Charges the verifications of a message that the limits for messages do not cover: a new meta or visa, and each
 * signature with a large key. A known meta or visa is not verified again, and not charged.
 *
 * @throws the errors of `pay`
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

/**
 * Whether a verification costs more than the limits for messages cover. Elliptic curves are verified in other threads.
 */
function isLarge(key: VerifyKey | undefined): boolean {
  return key?.algorithm === 'RSA' && verificationCost(key) > 1;
}
