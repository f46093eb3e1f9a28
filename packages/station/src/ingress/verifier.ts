import { isWaiting, type Transceiver, type Waiting } from '@dimp/core';
import type { ReliableMessage } from '@dimp/dkd';
import { fieldError, ProtocolError } from '@dimp/foundation';

/**
 * Verifies a message that is relayed, with its sender's meta key (spec §14.1 #6 and #8). It does what the transceiver does;
 * a message without meta and visa, as nearly all are, needs less for it, and another thread verifies it where that pays.
 *
 * @returns that the sender's meta has to arrive first, if it is not known
 * @throws `crypto/signature`; `identity/` codes for wrong attachments; `store/` codes
 */
export async function verifyRelayed(
  transceiver: Transceiver,
  message: ReliableMessage,
): Promise<Waiting | undefined> {
  if (message.meta !== undefined || message.visa !== undefined) {
    const verified = await transceiver.verify(message);
    return isWaiting(verified) ? verified : undefined;
  }
  const { sender } = message.envelope;
  if (sender.isBroadcast || sender.isGroup) throw fieldError('sender', 'is no single user');
  const key = await transceiver.barrack.verifyKey(sender);
  if (key === undefined) return { status: 'waiting', for: 'meta', id: sender };
  const { data, signature } = message;
  const valid = key.verifyAside?.(data, signature) ?? key.verify(data, signature);
  if (await valid) return undefined;
  throw new ProtocolError('crypto/signature', 'message is not signed by its sender', {
    details: { sender: sender.text },
  });
}
